/** The WebDAV door, request by request: who comes in, what comes back, and what is refused. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rawCodec } from '@anarq/ipld'
import type { NewToolKey } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { createWebdav } from '@anarq/webdav'
import { type Answer, type Asked, file, items, openWorld, type World } from './http-world.ts'

let world: World
let secret = ''
before(async () => {
  world = await openWorld()
  secret = await newKey()
})
after(async () => {
  assert.deepEqual(world.faults, [])
  await world.close()
})

async function newKey(more: Partial<NewToolKey> = {}): Promise<string> {
  const made = await world.node.tools.create({ name: 'tool', door: 'webdav', rights: 'write', ...more })
  return made.secret
}

function basic(password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`any:${password}`).toString('base64')}` }
}

function dav(
  method: string,
  path: string,
  { headers = {}, ...asked }: Asked = {},
  key = secret,
): Promise<Answer> {
  return world.ask(method, `/dav${path}`, { ...asked, headers: { ...basic(key), ...headers } })
}

async function statusOf(...args: Parameters<typeof dav>): Promise<number> {
  return (await dav(...args)).status
}

async function put(path: string, body: string): Promise<void> {
  assert.ok([201, 204].includes(await statusOf('PUT', path, { body })), path)
}

async function bodyOf(path: string, key = secret): Promise<string> {
  const got = await dav('GET', path, {}, key)
  return `${got.status} ${got.body}`
}

const depth = (value: string): Asked => ({ headers: { depth: value } })
const lockBody = (scope: string): string =>
  `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner><D:href>me &amp; you</D:href></D:owner></D:lockinfo>`

async function lock(path: string, headers: Record<string, string> = {}, key = secret): Promise<string> {
  const got = await dav('LOCK', path, { body: lockBody('exclusive'), headers }, key)
  assert.ok([200, 201].includes(got.status), `${got.status} ${got.body}`)
  return String(got.headers['lock-token'])
}

test('AQ-FID-7: without a key, or with a wrong one, nothing is answered but what this is', async () => {
  const options = await world.ask('OPTIONS', '/dav/anything')
  assert.equal(options.status, 200)
  assert.match(String(options.headers.dav), /\b1, 2, 3\b/)
  assert.match(String(options.headers.allow), /LOCK/)
  assert.equal(options.headers['access-control-allow-origin'], undefined)
  for (const headers of [
    {},
    basic('abcd-efgh'),
    { authorization: `Bearer ${secret}` },
    { authorization: 'Basic !!!' },
    { authorization: `Basic ${Buffer.from(secret).toString('base64')}` },
  ]) {
    const refused = await world.ask('PROPFIND', '/dav/', { headers })
    assert.equal(refused.status, 401)
    assert.match(String(refused.headers['www-authenticate']), /^Basic realm="AnarQ"/)
    assert.match(String(refused.body), /<D:error .*<A:sentence>/s)
  }
  assert.equal(
    (await world.ask('GET', '/dav/', { headers: { ...basic(secret), host: 'evil.example' } })).status,
    421,
  )
  assert.equal((await world.local('GET', '/dav/', { headers: basic(secret) })).status, 404)
  assert.equal((await world.ask('GET', '/davx', { headers: basic(secret) })).status, 404)
  assert.equal(await statusOf('POST', '/'), 405)
})

test('AQ-QERBEROS-5: who guesses at keys is told to wait', async () => {
  const statuses: number[] = []
  for (let i = 0; i < 12; i += 1) {
    const { status, headers } = await world.ask('GET', '/dav/', { headers: basic('wrong') })
    statuses.push(status)
    if (status === 429) assert.match(String(headers['retry-after']), /^\d+$/)
  }
  assert.ok(statuses.includes(429))
  assert.equal(await statusOf('PROPFIND', '/', depth('0')), 207)
  world.clock.advance(60 * 60_000)
})

test('a key is not taken in clear text from another machine, unless TLS stands before the node', async () => {
  for (const [remoteAddress, isBehindTls, status] of [
    ['192.168.1.7', false, 403],
    ['::ffff:10.0.0.1', false, 403],
    ['192.168.1.7', true, 401],
    ['127.0.0.1', false, 401],
    ['::1', false, 401],
    ['::ffff:127.0.0.1', false, 401],
  ] as const) {
    const asked: string[] = []
    const door = createWebdav({
      clock: world.clock,
      isBehindTls,
      access: async (text) => void asked.push(text),
    })
    const answered = await new Promise<number>((resolve) => {
      const request = { method: 'GET', url: '/dav/', headers: basic('key'), socket: { remoteAddress } }
      const answer = { setHeader() {}, removeHeader() {}, writeHead: resolve, end() {}, once() {} }
      door.handler(request as never, answer as never, { source: 'x' })
    })
    assert.equal(answered, status)
    assert.deepEqual(asked, status === 403 ? [] : ['key'])
  }
})

test('AQ-QDRIVE-1: a file is put, read whole and in part, and put again as a new version', async () => {
  const made = await dav('PUT', '/a.txt', { body: 'hello world', headers: { 'x-oc-mtime': '1000000000' } })
  assert.equal(made.status, 201)
  assert.equal(made.headers['x-oc-mtime'], 'accepted')
  const got = await dav('GET', '/a.txt')
  assert.equal(String(got.body), 'hello world')
  assert.equal(got.headers.etag, made.headers.etag)
  assert.equal(got.headers['last-modified'], new Date(1_000_000_000_000).toUTCString())
  assert.match(String(got.headers['content-disposition']), /^attachment/)
  assert.match(String(got.headers['content-security-policy']), /sandbox/)
  const part = await dav('GET', '/a.txt', { headers: { range: 'bytes=6-' } })
  assert.deepEqual(
    [part.status, String(part.body), part.headers['content-range']],
    [206, 'world', 'bytes 6-10/11'],
  )
  const end = await dav('GET', '/a.txt', { headers: { range: 'bytes=-3' } })
  assert.deepEqual([end.status, String(end.body)], [206, 'rld'])
  const outside = await dav('GET', '/a.txt', { headers: { range: 'bytes=11-' } })
  assert.deepEqual([outside.status, outside.headers['content-range']], [416, 'bytes */11'])
  const head = await dav('HEAD', '/a.txt')
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '11', 0])
  assert.equal(await statusOf('PUT', '/a.txt', { body: 'second' }), 204)
  assert.equal((await world.node.drive.versions('/a.txt')).length, 2)
  assert.equal(
    await statusOf('PUT', '/a.txt', { body: 'x', headers: { 'content-range': 'bytes 0-0/2' } }),
    400,
  )
  assert.equal(await statusOf('PUT', '/no/a.txt', { body: 'x' }), 409)
  assert.equal(await statusOf('PUT', '/', { body: 'x' }), 409)
  assert.equal(await bodyOf('/a.txt'), '200 second')
})

test('preconditions are kept: nothing is written over what the client did not see', async () => {
  await put('/c.txt', 'one')
  const { etag } = (await dav('HEAD', '/c.txt')).headers
  const with_ = (name: string, value: unknown): Asked => ({ headers: { [name]: String(value) } })
  assert.equal(await statusOf('GET', '/c.txt', with_('if-none-match', etag)), 304)
  assert.equal(await statusOf('GET', '/c.txt', with_('if-match', '"other"')), 412)
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'x', ...with_('if-none-match', '*') }), 412)
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'x', ...with_('if-match', '"other"') }), 412)
  assert.equal(await statusOf('PUT', '/new.txt', { body: 'x', ...with_('if-match', '*') }), 412)
  assert.equal(await statusOf('DELETE', '/c.txt', with_('if-match', '"other"')), 412)
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'x', ...with_('if', '(["other"])') }), 412)
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'x', ...with_('if', '(broken') }), 400)
  assert.equal(await bodyOf('/c.txt'), '200 one')
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'two', ...with_('if', `([${etag}])`) }), 204)
  assert.equal(await statusOf('PUT', '/c.txt', { body: 'three', ...with_('if-match', etag) }), 412)
  assert.equal(await statusOf('GET', '/new.txt'), 404)
})

test('folders are made, listed, moved and copied; what is deleted or replaced lies in the trash', async () => {
  assert.equal(await statusOf('MKCOL', '/f'), 201)
  assert.equal(await statusOf('MKCOL', '/f/'), 405)
  assert.equal(await statusOf('MKCOL', '/no/f'), 409)
  assert.equal(await statusOf('MKCOL', '/g', { body: '<x/>' }), 415)
  await put('/f/one.txt', '1')
  const to = (path: string, more: Record<string, string> = {}): Asked => ({
    headers: { destination: `${world.door.address}/dav${path}`, ...more },
  })
  assert.equal(await statusOf('COPY', '/f', to('/copy')), 201)
  assert.equal(await bodyOf('/copy/one.txt'), '200 1')
  assert.equal(await statusOf('COPY', '/f', to('/copy', { overwrite: 'F' })), 412)
  assert.equal(await statusOf('COPY', '/f', to('/copy')), 204)
  assert.equal(await statusOf('COPY', '/f', to('/shallow', { depth: '0' })), 201)
  assert.equal(await statusOf('GET', '/shallow/one.txt'), 404)
  assert.equal(await statusOf('MOVE', '/copy/one.txt', to('/shallow/two.txt')), 201)
  assert.equal(await statusOf('MOVE', '/f', to('/f/in')), 403)
  assert.equal(await statusOf('MOVE', '/f', to('/f')), 403)
  assert.equal(await statusOf('MOVE', '/f', to('/no/f')), 409)
  assert.equal(await statusOf('MOVE', '/f', { headers: { destination: 'http://else.example/dav/f' } }), 502)
  assert.equal(await statusOf('MOVE', '/f', {}), 400)
  assert.equal(await statusOf('MOVE', '/f', to('/x', { overwrite: 'yes' })), 400)
  assert.equal(await statusOf('DELETE', '/f', depth('0')), 400)
  assert.equal(await statusOf('DELETE', '/f'), 204)
  assert.equal(await statusOf('DELETE', '/f'), 404)
  const trashed = (await world.node.drive.find({ isTrashed: true })).map(({ name }) => name)
  assert.deepEqual(trashed.filter((name) => name === 'f' || name === 'copy').sort(), ['copy', 'f'])
  assert.equal(await statusOf('DELETE', '/'), 403)
})

test('two that make the same name at once make one thing', async () => {
  await Promise.all(Array.from({ length: 8 }, (_, i) => put('/race.txt', `${i}`)))
  const made = await Promise.all(Array.from({ length: 4 }, () => statusOf('MKCOL', '/race')))
  assert.deepEqual(made.sort(), [201, 405, 405, 405])
  const names = (await world.node.drive.list('/')).map(({ name }) => name)
  assert.deepEqual(
    names.filter((name) => name.startsWith('race')),
    ['race', 'race.txt'],
  )
})

test('a name with markup in it is text, in every answer', async () => {
  const name = `<b onclick="x">&'"]]>\u{1F989}.txt`
  const path = `/${encodeURIComponent(name)}`
  await put(path, 'x')
  const listed = String((await dav('PROPFIND', '/', depth('1'))).body)
  assert.ok(!listed.includes('<b '))
  assert.ok(listed.includes('&#60;b onclick'))
  assert.match(listed, /<D:href>\/dav\/%3Cb%20onclick/)
  assert.equal(await bodyOf(path), '200 x')
  assert.match(String((await dav('GET', `${path}x`)).body), /There is nothing at \/&#60;b/)
  await world.node.drive.put(items(file('bell\u0007.txt', 'x')))
  assert.equal((await dav('PROPFIND', '/', depth('1'))).status, 207)
  assert.ok(!String((await dav('PROPFIND', '/', depth('1'))).body).includes('\u0007'))
})

test('PROPFIND gives what is asked for, and says what there is not; a tree without end is refused', async () => {
  assert.equal(await statusOf('MKCOL', '/p'), 201)
  await put('/p/x.txt', 'xyz')
  const ask = async (path: string, body: string, level = '0'): Promise<string> => {
    const got = await dav('PROPFIND', path, { body, ...depth(level) })
    assert.equal(got.status, 207, String(got.body))
    return String(got.body)
  }
  const prop = (...names: string[]): string =>
    `<propfind xmlns="DAV:"><prop>${names.map((name) => `<${name}/>`).join('')}</prop></propfind>`
  const file = await ask('/p/x.txt', prop('getcontentlength', 'resourcetype', 'getetag', 'nothing'))
  assert.match(file, /<D:getcontentlength>3<\/D:getcontentlength><D:resourcetype\/>/)
  assert.match(file, /<D:prop><D:nothing\/><\/D:prop><D:status>HTTP\/1.1 404 Not Found/)
  const folder = await ask('/p', prop('resourcetype', 'quota-available-bytes', 'quota-used-bytes'))
  assert.match(folder, /<D:href>\/dav\/p\/<\/D:href>.*<D:collection\/>.*>5000<.*>400</s)
  assert.ok(!(await ask('/p', '<propfind xmlns="DAV:"><allprop/></propfind>')).includes('quota'))
  const names = await ask('/p/x.txt', '<propfind xmlns="DAV:"><propname/></propfind>')
  assert.match(names, /<D:getlastmodified\/>/)
  assert.equal((await ask('/p', prop('getetag'), '1')).match(/<D:response>/g)?.length, 2)
  const endless = await dav('PROPFIND', '/p', depth('infinity'))
  assert.equal(endless.status, 403)
  assert.match(String(endless.body), /<D:propfind-finite-depth>/)
  for (const bad of [
    '<x/>',
    '<propfind xmlns="DAV:"/>',
    'no',
    '<propfind xmlns="DAV:"><prop/><allprop/></propfind>',
  ])
    assert.equal(await statusOf('PROPFIND', '/p', { body: bad, ...depth('0') }), 400, bad)
  const huge = `<propfind xmlns="DAV:"><prop>${'<a/>'.repeat(200_000)}</prop></propfind>`
  assert.equal(await statusOf('PROPFIND', '/p', { body: huge, ...depth('0') }), 413)
  assert.equal(await statusOf('PROPFIND', '/p', depth('2')), 400)
})

test('PROPPATCH keeps what tools say of a file, all of it or nothing, and puts its time right', async () => {
  await put('/pp.txt', 'x')
  const patch = async (...steps: string[]): Promise<string> => {
    const body = `<propertyupdate xmlns="DAV:" xmlns:w="urn:schemas-microsoft-com:">${steps.join('')}</propertyupdate>`
    return String((await dav('PROPPATCH', '/pp.txt', { body })).body)
  }
  const set = (inside: string): string => `<set><prop>${inside}</prop></set>`
  assert.match(await patch(set('<n xmlns="urn:n"><v a="1">&lt;</v></n>')), /200 OK/)
  const all = async (): Promise<string> => String((await dav('PROPFIND', '/pp.txt', depth('0'))).body)
  assert.match(await all(), /<n xmlns="urn:n"><v a="1">&#60;<\/v><\/n>/)
  const refused = await patch(set('<m xmlns="urn:n"/><getetag>"x"</getetag>'))
  assert.match(refused, /getetag\/><\/D:prop><D:status>HTTP\/1.1 403 .*cannot-modify-protected-property/)
  assert.match(refused, /<m xmlns="urn:n"\/><\/D:prop><D:status>HTTP\/1.1 424 /)
  assert.ok(!(await all()).includes('<m '))
  const date = 'Fri, 02 Jan 2015 03:04:05 GMT'
  await patch(
    set(
      `<w:Win32LastModifiedTime>${date}</w:Win32LastModifiedTime><w:Win32FileAttributes>00000020</w:Win32FileAttributes>`,
    ),
  )
  assert.equal((await dav('HEAD', '/pp.txt')).headers['last-modified'], date)
  assert.equal((await world.node.drive.entry('/pp.txt')).modifiedMs, Date.parse(date))
  await patch(set('<lastmodified>86400</lastmodified>'))
  assert.equal((await world.node.drive.entry('/pp.txt')).modifiedMs, 86_400_000)
  assert.match(await patch(set('<getlastmodified>soon</getlastmodified>')), /409 Conflict/)
  await patch('<remove><prop><n xmlns="urn:n"/></prop></remove>')
  assert.ok(!(await all()).includes('<n '))
  const large = `<n xmlns="urn:n">${'x'.repeat(70_000)}</n>`
  assert.equal(
    await statusOf('PROPPATCH', '/pp.txt', {
      body: `<propertyupdate xmlns="DAV:">${set(large)}</propertyupdate>`,
    }),
    507,
  )
  assert.equal((await world.node.drive.versions('/pp.txt')).length, 1)
})

test('a locked file is changed only with the token of its lock, by the key that has it', async () => {
  await put('/l.txt', 'one')
  const other = await newKey({ name: 'other' })
  const token = await lock('/l.txt', { timeout: 'Second-100' })
  const refused = await dav('PUT', '/l.txt', { body: 'x' })
  assert.equal(refused.status, 423)
  assert.match(String(refused.body), /<D:lock-token-submitted><D:href>\/dav\/l.txt<\/D:href>/)
  for (const method of ['PUT', 'DELETE', 'PROPPATCH'])
    assert.equal(
      await statusOf(
        method,
        '/l.txt',
        {
          headers: { if: `(${token})` },
          body: '<propertyupdate xmlns="DAV:"><set><prop><a/></prop></set></propertyupdate>',
        },
        other,
      ),
      423,
      method,
    )
  assert.equal(await statusOf('LOCK', '/l.txt', { body: lockBody('shared') }), 423)
  assert.equal(await statusOf('UNLOCK', '/l.txt', { headers: { 'lock-token': token } }, other), 409)
  assert.equal(await statusOf('PUT', '/l.txt', { body: 'two', headers: { if: `(${token})` } }), 204)
  assert.equal(await statusOf('PUT', '/l.txt', { body: 'x', headers: { if: '(<urn:uuid:none>)' } }), 412)
  const shown = String((await dav('PROPFIND', '/l.txt', depth('0'))).body)
  assert.match(shown, /<D:activelock>.*me &#38; you.*<D:timeout>Second-100</s)
  world.clock.advance(50_000)
  const refreshed = await dav('LOCK', '/l.txt', { headers: { if: `(${token})`, timeout: 'Second-200' } })
  assert.match(String(refreshed.body), /Second-200/)
  world.clock.advance(199_000)
  assert.equal(await statusOf('PUT', '/l.txt', { body: 'x' }), 423)
  world.clock.advance(1000)
  assert.equal(await statusOf('PUT', '/l.txt', { body: 'three' }), 204)
  assert.equal(await statusOf('LOCK', '/l.txt', { headers: { if: `(${token})` } }), 412)
})

test('a locked folder keeps its members, and what is locked in a folder keeps the folder', async () => {
  for (const path of ['/lf', '/lf/in']) assert.equal(await statusOf('MKCOL', path), 201)
  await put('/lf/in/a.txt', 'a')
  const token = await lock('/lf/in', { depth: '0' })
  assert.equal(await statusOf('PUT', '/lf/in/a.txt', { body: 'x' }), 204)
  assert.equal(await statusOf('PUT', '/lf/in/b.txt', { body: 'x' }), 423)
  assert.equal(await statusOf('DELETE', '/lf/in/a.txt'), 423)
  assert.equal(await statusOf('MKCOL', '/lf/in/c'), 423)
  const whole = await dav('DELETE', '/lf')
  assert.equal(whole.status, 207)
  assert.match(String(whole.body), /<D:href>\/dav\/lf\/in<\/D:href><D:status>HTTP\/1.1 423 Locked/)
  assert.equal(await bodyOf('/lf/in/a.txt'), '200 x')
  const tagged = { headers: { if: `<${world.door.address}/dav/lf/in> (${token})` } }
  assert.equal(await statusOf('PUT', '/lf/in/b.txt', { body: 'x', ...tagged }), 201)
  assert.equal(await statusOf('DELETE', '/lf', tagged), 204)
  // With the folder its lock is gone.
  assert.equal(await statusOf('MKCOL', '/lf'), 201)
  assert.equal(await statusOf('MKCOL', '/lf/in'), 201)
  assert.equal(await statusOf('PUT', '/lf/in/b.txt', { body: 'x' }), 201)
})

test('a lock of a name that nothing has makes an empty file of it, and other keys meet it under their own paths', async () => {
  assert.equal(await statusOf('MKCOL', '/shared'), 201)
  const inside = await newKey({ folder: '/shared' })
  const token = await lock('/shared/new.txt')
  assert.equal(await bodyOf('/shared/new.txt'), '200 ')
  const met = await dav('PUT', '/new.txt', { body: 'x' }, inside)
  assert.equal(met.status, 423)
  assert.match(String(met.body), /<D:href>\/dav\/new.txt<\/D:href>/)
  const discovered = String((await dav('PROPFIND', '/new.txt', depth('0'), inside)).body)
  assert.match(discovered, /<D:lockroot><D:href>\/dav\/new.txt</)
  assert.equal(await statusOf('UNLOCK', '/shared/new.txt', { headers: { 'lock-token': token } }), 204)
  assert.equal(await statusOf('PUT', '/new.txt', { body: 'mine' }, inside), 204)
  assert.equal(await statusOf('LOCK', '/no/new.txt', { body: lockBody('exclusive') }), 409)
  assert.equal(await statusOf('LOCK', '/x.txt', { body: '<D:lockinfo xmlns:D="DAV:"/>' }), 400)
})

test('AQ-FID-7: what lies outside the folder of a key does not exist for it, however it is asked for', async () => {
  await put('/outside.txt', 'secret')
  const id = (await world.node.drive.entry('/outside.txt')).id
  const inside = await newKey({ folder: '/shared' })
  for (const path of [
    '/outside.txt',
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/x/../../outside.txt',
    '/shared/../outside.txt',
    `/${id}`,
    '/outside.txt%00',
    '//outside.txt',
  ])
    for (const method of ['GET', 'PROPFIND', 'DELETE', 'COPY', 'MOVE']) {
      const asked = { headers: { depth: '0', destination: '/dav/stolen.txt' } }
      const status = await statusOf(method, path, method === 'DELETE' ? {} : asked, inside)
      assert.ok(status === 404 || status === 400, `${method} ${path}: ${status}`)
    }
  for (const destination of ['/dav/../outside.txt', '/dav/%2e%2e/x', '/api/x', '/dav/a%00b'])
    assert.ok((await statusOf('COPY', '/new.txt', { headers: { destination } }, inside)) >= 400)
  const root = String((await dav('PROPFIND', '/', depth('0'), inside)).body)
  assert.match(root, /<D:displayname\/>/)
  assert.equal(await bodyOf('/outside.txt'), '200 secret')
})

test('AQ-FID-7: a key that may read reads, and changes nothing; one taken back opens nothing any more', async () => {
  const { key, secret: reading } = await world.node.tools.create({
    name: 'reader',
    door: 'webdav',
    folder: '/shared',
    rights: 'read',
  })
  assert.equal(await bodyOf('/new.txt', reading), '200 mine')
  for (const [method, asked] of [
    ['PUT', { body: 'x' }],
    ['DELETE', {}],
    ['MKCOL', {}],
    ['LOCK', { body: lockBody('exclusive') }],
    ['PROPPATCH', { body: '<propertyupdate xmlns="DAV:"><set><prop><a/></prop></set></propertyupdate>' }],
    ['MOVE', { headers: { destination: '/dav/y.txt' } }],
  ] as const) {
    const path = method === 'MKCOL' ? '/folder' : '/new.txt'
    const refused = await dav(method, path, asked, reading)
    assert.equal(refused.status, 403, method)
    assert.match(String(refused.body), /may read/)
  }
  await world.node.tools.revoke(key.id)
  assert.equal((await dav('GET', '/new.txt', {}, reading)).status, 401)
})

test('the keys of tools are made and taken back by signed requests too', async () => {
  const body = JSON.stringify({ name: 'phone', door: 'webdav', rights: 'read', folder: '/shared' })
  const asked = { headers: { 'content-type': 'application/json' }, body }
  assert.equal((await world.ask('POST', '/api/v1/tools', asked)).status, 401)
  const made = await world.signed('POST', '/api/v1/tools', asked)
  assert.equal(made.status, 200)
  const { key, secret: given } = JSON.parse(String(made.body)) as { key: { id: string }; secret: string }
  assert.equal(await bodyOf('/new.txt', given), '200 mine')
  const list = await world.signed('GET', '/api/v1/tools')
  assert.ok(!String(list.body).includes(given))
  assert.equal((await world.signed('DELETE', `/api/v1/tools/${key.id}`)).status, 200)
  assert.equal((await dav('GET', '/new.txt', {}, given)).status, 401)
  for (const bad of [
    { name: '', door: 'webdav', rights: 'read' },
    { name: 'x', door: 'ftp', rights: 'read' },
  ])
    assert.equal(
      (await world.local('POST', '/api/v1/tools', { ...asked, body: JSON.stringify(bad) })).status,
      400,
    )
})

test('a file whose blocks are gone is said to be damaged, and never given short', async () => {
  const { blocks } = world.ports
  const before = new Set<string>()
  for await (const { cid } of blocks.list()) before.add(cid.toString())
  await put('/damaged.bin', Buffer.from(createSeededRandom(5).bytes(200_000)).toString('latin1'))
  const added = []
  for await (const { cid } of blocks.list())
    if (!before.has(cid.toString()) && cid.code === rawCodec) added.push(cid)
  await blocks.delete(added)
  const refused = await dav('GET', '/damaged.bin')
  assert.equal(refused.status, 500)
  assert.match(String(refused.body), /<A:code>damaged\..*damaged.bin/)
  assert.equal(refused.headers['content-disposition'], undefined)
})

test('while the node is locked its tools are told to come back later', async () => {
  await world.node.account.lock()
  const refused = await dav('GET', '/a.txt')
  assert.equal(refused.status, 503)
  assert.match(String(refused.headers['retry-after']), /^\d+$/)
  assert.match(String(refused.body), /locked/)
})
