import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { createSeededRandom } from '@anarq/random/testing'
import { type Answer, json, jsonOf, openWorld, passphrase, type World } from './http-world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

const random = createSeededRandom(77)
const content = random.bytes(5_000_000)

const begin = async (path: string, bytes = content.length): Promise<Record<string, unknown>> => {
  const answer = await world.signed('POST', '/api/v1/uploads', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path, bytes, type: 'application/x-noise', modifiedMs: 1_700_000_000_000 }),
  })
  assert.equal(answer.status, 200, answer.body.toString())
  return jsonOf(answer)
}
const part = (id: unknown, offset: number, body: Uint8Array): Promise<Answer> =>
  world.signed('PUT', `/api/v1/uploads/${id}?offset=${offset}`, {
    headers: { 'content-type': 'application/octet-stream' },
    body,
  })
/** A request for all from there on, whose signature names no digest; what is written to it goes out. */
const stream = (id: unknown, offset: number, bytes = content.length - offset): ClientRequest => {
  const path = `/api/v1/uploads/${id}?offset=${offset}`
  const { hostname: host, port } = new URL(world.door.address)
  const headers = { ...octets, 'content-length': String(bytes), ...world.sign('PUT', path) }
  return httpRequest({ host, port, method: 'PUT', path, agent: false, headers }).on('error', () => {})
}
const answerTo = async (request: ClientRequest): Promise<Record<string, unknown>> => {
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return JSON.parse((await answer.toArray()).join(''))
}
/** Waits until the node has so much of it. */
const arrived = async (id: unknown, offset: number): Promise<void> => {
  while ((await ask(id)).offset !== offset) await new Promise((resolve) => setTimeout(resolve, 5))
}
const octets = { 'content-type': 'application/octet-stream' }
const contentOf = async (name: string): Promise<Buffer> =>
  (await world.signed('GET', `/api/v1/files/${name}`)).body
const ask = async (id: unknown): Promise<Record<string, unknown>> =>
  jsonOf(await world.signed('GET', `/api/v1/uploads/${id}`))

test('a file that comes in parts appears with its last one, whole, and not before', async () => {
  const { id } = await begin('/films/part by part.bin')
  let offset = 0
  for (const bytes of [2_000_000, 1_500_001, 1_499_998]) {
    const answer = await part(id, offset, content.subarray(offset, offset + bytes))
    assert.equal(answer.status, 200)
    offset += bytes
    assert.equal((await ask(id)).offset, offset)
    assert.equal((await world.signed('GET', '/api/v1/files/films/part%20by%20part.bin')).status, 404)
  }
  const last = jsonOf(await part(id, offset, content.subarray(offset)))
  assert.equal(last.state, 'done')
  const { body, headers } = await world.signed('GET', '/api/v1/files/films/part%20by%20part.bin')
  assert.ok(equalBytes(body, content))
  assert.equal(headers['content-type'], 'application/x-noise')
})

test('a part at the wrong place, beyond the end, or not what its digest says changes nothing', async () => {
  const { id } = await begin('/wrong.bin')
  await part(id, 0, content.subarray(0, 1000))
  const wrong = jsonOf(await part(id, 0, content.subarray(0, 1000)))
  assert.equal(wrong.code, 'conflict.offset')
  assert.match(String(wrong.detail), /byte 1000/)
  assert.equal(jsonOf(await part(id, 1000, content)).code, 'invalid.part')
  const path = `/api/v1/uploads/${id}?offset=1000`
  const headers = world.sign('PUT', path, { body: content.subarray(1000, 2000) })
  const forged = await world.ask('PUT', path, { headers, body: content.subarray(2000, 3000) })
  assert.equal(jsonOf(forged).code, 'refused.digest')
  assert.equal((await ask(id)).offset, 1000)
  assert.equal((await part(id, 1000, content.subarray(1000))).status, 200)
  assert.ok(equalBytes((await world.signed('GET', '/api/v1/files/wrong.bin')).body, content))
})

test('a whole file streams in one request, without a digest, and what came before the connection broke counts', async () => {
  const { id } = await begin('/streamed.bin')
  const first = stream(id, 0)
  first.write(content.subarray(0, 3_000_000))
  await arrived(id, 3_000_000)
  assert.equal((await ask(id)).isComing, true)
  first.destroy()
  while ((await ask(id)).isComing) await new Promise((resolve) => setTimeout(resolve, 5))
  const early = stream(id, 0)
  early.end(content)
  const { code, data } = await answerTo(early)
  assert.deepEqual([code, data], ['conflict.offset', { offset: 3_000_000 }])
  const rest = stream(id, 3_000_000)
  rest.end(content.subarray(3_000_000))
  const { state, offset, isComing } = await answerTo(rest)
  assert.deepEqual([state, offset, isComing], ['done', content.length, false])
  assert.ok(equalBytes(await contentOf('streamed.bin'), content))
})

test('who comes later goes on alone: the one before is told, and no byte counts twice', async () => {
  const { id } = await begin('/taken over.bin')
  const first = stream(id, 0)
  first.write(content.subarray(0, 1_000_000))
  await arrived(id, 1_000_000)
  const told = answerTo(first)
  const second = stream(id, 1_000_000)
  second.end(content.subarray(1_000_000))
  assert.equal((await told).code, 'conflict.sender')
  assert.equal((await answerTo(second)).state, 'done')
  assert.ok(equalBytes(await contentOf('taken%20over.bin'), content))
})

test('what is locked or ended meanwhile sends no further, and goes on afterwards', async () => {
  const { id } = await begin('/locked.bin', 3 * content.length)
  const first = stream(id, 0, 3 * content.length)
  first.write(content)
  await arrived(id, content.length)
  await world.node.account.lock()
  const told = answerTo(first)
  first.write(content)
  first.write(content.subarray(1))
  assert.equal((await told).code, 'refused.locked')
  await world.node.account.unlock({ passphrase })
  const { offset } = await ask(id)
  assert.ok(Number(offset) >= content.length && Number(offset) < 3 * content.length)
  assert.equal((await world.signed('DELETE', `/api/v1/uploads/${id}`)).status, 204)
})

test('a full quota ends the sending at once, and the reason stays to be asked for', async () => {
  await world.node.health.setQuota({ bytes: 1024 * 1024 })
  try {
    const { id } = await begin('/too much.bin', 50_000_000)
    const request = stream(id, 0, 50_000_000)
    const told = answerTo(request)
    request.write(content)
    assert.equal((await told).code, 'limit.quota')
    const { state, code, sentence } = await ask(id)
    assert.deepEqual([state, code], ['failed', 'limit.quota'])
    assert.match(String(sentence), /Your quota of 1 MiB is full/)
  } finally {
    await world.node.health.setQuota({})
  }
})

test('a body without a digest is taken for uploads alone, and only with its length', async () => {
  const { id } = await begin('/strict.bin')
  const path = `/api/v1/uploads/${id}?offset=0`
  const chunked = { ...octets, 'transfer-encoding': 'chunked', ...world.sign('PUT', path) }
  assert.equal(
    jsonOf(await world.ask('PUT', path, { headers: chunked, body: content })).code,
    'invalid.header',
  )
  const file = '/api/v1/files/unbound.bin'
  const unbound = { ...octets, ...world.sign('PUT', file) }
  const answer = await world.ask('PUT', file, { headers: unbound, body: content })
  assert.deepEqual([answer.status, jsonOf(answer).code], [401, 'refused.coverage'])
  const begun = '/api/v1/uploads'
  const about = JSON.stringify({ path: '/x', bytes: 1 })
  const small = await world.ask('POST', begun, {
    headers: { ...json, ...world.sign('POST', begun) },
    body: about,
  })
  assert.equal(jsonOf(small).code, 'refused.coverage')
  assert.equal((await ask(id)).offset, 0)
})

test('an upload that is cancelled leaves nothing; an empty file needs no part', async () => {
  const { id } = await begin('/gone.bin')
  await part(id, 0, content.subarray(0, 4_000_000))
  assert.equal((await world.signed('DELETE', `/api/v1/uploads/${id}`)).status, 204)
  assert.equal((await world.signed('GET', `/api/v1/uploads/${id}`)).status, 404)
  assert.equal((await world.signed('GET', '/api/v1/files/gone.bin')).status, 404)
  const empty = await begin('/empty.bin', 0)
  const done = jsonOf(await part(empty.id, 0, new Uint8Array(0)))
  assert.equal(done.state, 'done')
})

test('a path that cannot be kept is said when the upload begins, or at its first part', async () => {
  for (const path of ['/', '/a//b', '/folder/']) {
    const answer = await world.signed('POST', '/api/v1/uploads', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path, bytes: 3 }),
    })
    assert.equal(answer.status, 400, path)
  }
  const { id } = await begin('/x/../y', 3)
  assert.equal((await part(id, 0, Uint8Array.of(1, 2, 3))).status, 400)
})
