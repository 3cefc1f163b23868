import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { createSeededRandom } from '@anarq/random/testing'
import { type Answer, jsonOf, openWorld, type World } from './http-world.ts'

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

test('parts may be on their way together: one that comes early waits for its turn, one that comes far too early does not', async () => {
  const { id } = await begin('/overtaken.bin')
  const cut = [0, 1_000_000, 2_500_000, content.length]
  const sent = [2, 1, 0].map((at) => part(id, cut[at] as number, content.subarray(cut[at], cut[at + 1])))
  const answers = (await Promise.all(sent)).map(jsonOf)
  assert.deepEqual(
    answers.map(({ offset, state }) => [offset, state]),
    [
      [5_000_000, 'done'],
      [2_500_000, 'open'],
      [1_000_000, 'open'],
    ],
  )
  assert.ok(equalBytes((await world.signed('GET', '/api/v1/files/overtaken.bin')).body, content))
  const far = await begin('/far.bin', 100_000_000)
  assert.equal(jsonOf(await part(far.id, 90_000_000, content)).code, 'conflict.offset')
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
