/** What happens to what is not a good request. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Fault } from '@anarq/fault'
import { openHttpDoor } from '@anarq/http'
import { bytesOf, file, items, json, jsonOf, openWorld, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
  await world.node.drive.put(items(file('a.txt', 'hello')))
})
after(() => world.close())

for (const [what, method, path, asked, status, code] of [
  [
    'malformed JSON',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: json, body: '{"add":' },
    400,
    'invalid.request',
  ],
  [
    'JSON with __proto__',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: json, body: '{"__proto__":{"x":1}}' },
    400,
    'invalid.request',
  ],
  ['an empty body', 'POST', '/api/v1/objects/a.txt/tag', { headers: json }, 400, 'invalid.request'],
  [
    'an unknown field',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: json, body: '{"colour":"red"}' },
    400,
    'invalid.request',
  ],
  [
    'a field of another type',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: json, body: '{"add":"x"}' },
    400,
    'invalid.request',
  ],
  [
    'a number that is text',
    'POST',
    '/api/v1/objects/a.txt/content',
    { headers: json, body: '{"version":"1"}' },
    400,
    'invalid.request',
  ],
  [
    'text where JSON is meant',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: { 'content-type': 'text/plain' }, body: 'x' },
    415,
    'invalid.media-type',
  ],
  [
    'a body over 1 MiB',
    'POST',
    '/api/v1/objects/a.txt/tag',
    { headers: json, body: JSON.stringify({ add: ['x'.repeat(1_100_000)] }) },
    413,
    'limit.body',
  ],
  [
    'a ping over 64 KiB',
    'POST',
    '/api/v1/pings/open',
    { headers: json, body: JSON.stringify({ ping: 'A'.repeat(70_000) }) },
    413,
    'limit.body',
  ],
  [
    'a ping that is none',
    'POST',
    '/api/v1/pings/open',
    { headers: json, body: '{"ping":"AAAA"}' },
    400,
    'invalid.ping',
  ],
  ['a path with ..', 'PUT', '/api/v1/files/a/../b', { body: 'x' }, 400, 'invalid.name'],
  ['a path with %2e%2e', 'PUT', '/api/v1/files/a/%2e%2e/b', { body: 'x' }, 400, 'invalid.name'],
  ['a path with NUL', 'PUT', '/api/v1/files/a%00b', { body: 'x' }, 400, 'invalid.name'],
  ['a path with an empty part', 'PUT', '/api/v1/files/a//b', { body: 'x' }, 400, 'invalid.path'],
  ['the path of a folder', 'PUT', '/api/v1/files/a/', { body: 'x' }, 400, 'invalid.path'],
  ['a broken escape', 'GET', '/api/v1/files/%zz', {}, 400, 'invalid.path'],
  ['a path that is no Unicode', 'GET', '/api/v1/files/%ff', {}, 400, 'invalid.path'],
  ['.. in a download', 'GET', '/api/v1/files/../../etc/passwd', {}, 400, 'invalid.name'],
  ['an address over 8 KiB', 'GET', `/api/v1/search?text=${'x'.repeat(9000)}`, {}, 414, 'limit.url'],
  ['a limit that is no number', 'GET', '/api/v1/folders?limit=many', {}, 400, 'invalid.request'],
  ['a limit that is too large', 'GET', '/api/v1/folders?limit=1000000', {}, 400, 'invalid.request'],
  ['an unknown parameter', 'GET', '/api/v1/folders?colour=red', {}, 400, 'invalid.request'],
  [
    'a range that lies outside',
    'GET',
    '/api/v1/files/a.txt',
    { headers: { range: 'bytes=99-' } },
    416,
    'invalid.range',
  ],
  [
    'a time that is none',
    'PUT',
    '/api/v1/files/b.txt',
    { headers: { 'x-anarq-modified': 'now' }, body: 'x' },
    400,
    'invalid.header',
  ],
  ['a GET with a body', 'GET', '/api/v1/files/a.txt', { body: 'x' }, 400, 'invalid.request'],
  ['a wrong method', 'DELETE', '/api/v1/files/a.txt', {}, 405, 'invalid.method'],
  ['an address that leads nowhere', 'GET', '/api/v2/files', {}, 404, 'missing.route'],
  ['a file that is not there', 'GET', '/api/v1/files/b.txt', {}, 404, 'missing.object'],
  ['a version that is not there', 'GET', '/api/v1/files/a.txt?version=9', {}, 404, 'missing.version'],
  ['a folder as a file', 'GET', '/api/v1/objects/%2F/versions', {}, 400, 'invalid.kind'],
  ['an archive that is none', 'POST', '/api/v1/import', { body: 'x'.repeat(600) }, 400, 'invalid.tar'],
  ['an empty archive', 'POST', '/api/v1/import', { body: '' }, 400, 'invalid.tar'],
  ['a grant that is none', 'DELETE', '/api/v1/grants/x', {}, 400, 'invalid.cid'],
  ['an audit entry that is none', 'GET', '/api/v1/audit/minus/proof', {}, 400, 'invalid.request'],
] as const) {
  test(`${what} is answered with ${status}`, async () => {
    const answer = await world.local(method, path, asked)
    const problem = jsonOf(answer)
    assert.deepEqual([answer.status, problem.code], [status, code])
    assert.deepEqual(Object.keys(problem).sort(), ['code', 'detail', 'status', 'title', 'type'])
    assert.equal(problem.status, status)
    if (status === 405) assert.equal(answer.headers.allow, 'GET, HEAD, POST, PUT')
    if (status === 416) assert.equal(answer.headers['content-range'], 'bytes */5')
  })
}

test('headers over 16 KiB and what is no HTTP are answered with a problem, and cut off', async () => {
  const { port } = new URL(world.door.address)
  for (const [sent, status] of [
    [`GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['HELLO\r\n\r\n', 400],
    ['GET /health HTTP/1.1\r\n\r\n', 400],
    [
      'POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
  ] as const) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(sent)
    const answer = await bytesOf(socket)
    assert.match(answer.toString('latin1'), new RegExp(`^HTTP/1.1 ${status} `), sent.slice(0, 30))
  }
})

test('a refused upload does not even travel: the answer comes before the body', async () => {
  const { port } = new URL(world.door.address)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    'PUT /api/v1/files/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n',
  )
  const [first] = (await once(socket, 'data')) as [Buffer]
  assert.match(first.toString('latin1'), /^HTTP\/1.1 401 [\s\S]*\r\nconnection: close\r\n/i)
  socket.destroy()
})

test('a defect of ours is reported inside, and not described outside', async () => {
  const { drive } = world.kernel.operations
  const history = drive.history
  Object.assign(drive, {
    history: async () => {
      throw new TypeError('the key is 0xdeadbeef')
    },
  })
  const answer = await world.local('GET', '/api/v1/history')
  Object.assign(drive, { history })
  assert.deepEqual([answer.status, jsonOf(answer).code], [500, 'internal.unexpected'])
  assert.doesNotMatch(answer.body.toString(), /deadbeef/)
  assert.ok(world.faults.at(-1) instanceof Fault)
})

test('a connection on which the other side does not go on is cut; one on which this side works is not', async () => {
  const slow = { ...world.kernel, operations: { ...world.kernel.operations } }
  const { audit } = world.kernel.operations
  slow.operations.audit = {
    ...audit,
    async tail() {
      await new Promise((resolve) => setTimeout(resolve, 600))
      return []
    },
  }
  const stats = { blocks: 0, liveBytes: 0, fileBytes: 0, damaged: 0 }
  const socket = `${world.home}/idle`
  const door = await openHttpDoor({
    kernel: slow,
    blocks: world.ports.blocks,
    stats: async () => stats,
    port: 0,
    socket,
    idleMs: 200,
  })
  try {
    const port = Number(new URL(door.address).port)
    const working = connect(port, '127.0.0.1')
    working.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const stuck = connect(port, '127.0.0.1')
    stuck.write('POST /api/v1/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab')
    stuck.resume()
    await once(stuck, 'close')
    assert.match((await bytesOf(working)).toString('latin1'), /^HTTP\/1.1 200 /)
  } finally {
    await door.close()
  }
})
