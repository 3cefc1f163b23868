/** A backup that a browser brings into an empty home, before anybody could sign anything. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, type EmptyWorld, jsonOf, openEmptyWorld, openWorld, passphrase } from './http-world.ts'
import { noise } from './world.ts'

let backup: Buffer
let world: EmptyWorld
const json = { 'content-type': 'application/json' }

before(async () => {
  const other = await openWorld()
  const content = noise(3_000_000, 5)
  await other.signed('PUT', '/api/v1/files/kept.bin', { body: content })
  const parts: Uint8Array[] = []
  for await (const piece of other.node.health.backup()) parts.push(piece)
  backup = Buffer.concat(parts)
  await other.close()
  world = await openEmptyWorld()
})
after(() => world?.close())

const begin = async (bytes: number): Promise<Record<string, unknown>> =>
  jsonOf(await world.ask('POST', '/api/v1/restores', { headers: json, body: JSON.stringify({ bytes }) }))
const part = (id: unknown, offset: number, body: Uint8Array): Promise<Answer> =>
  world.ask('PUT', `/api/v1/restores/${id}?offset=${offset}`, {
    headers: { 'content-type': 'application/octet-stream' },
    body,
  })

test('another page’s site brings no backup in, and what is none is refused', async () => {
  const foreign = await world.ask('POST', '/api/v1/restores', {
    headers: { ...json, origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' },
    body: JSON.stringify({ bytes: 10 }),
  })
  assert.equal(jsonOf(foreign).code, 'refused.origin')
  const { id } = await begin(5)
  assert.equal(jsonOf(await part(id, 0, Buffer.from('hello'))).code, 'invalid.backup')
  assert.equal((await world.node.account.status()).state, 'empty')
})

test('[AQ-QERBEROS-20] a backup in parts brings everything back, after one that was given up and one that was forgotten', async () => {
  const first = await begin(backup.length)
  await part(first.id, 0, backup.subarray(0, 1_000_000))
  assert.equal((await world.ask('DELETE', `/api/v1/restores/${first.id}`)).status, 204)
  assert.equal((await world.node.account.status()).state, 'empty')
  const forgotten = await begin(backup.length)
  await part(forgotten.id, 0, backup.subarray(0, 2_000_000))

  const { id } = await begin(backup.length)
  assert.equal(jsonOf(await part(forgotten.id, 2_000_000, backup.subarray(2_000_000))).code, 'missing.upload')
  await part(id, 0, backup.subarray(0, 2_000_000))
  const { offset, state } = jsonOf(await world.ask('GET', `/api/v1/restores/${id}`))
  assert.deepEqual([offset, state], [2_000_000, 'open'])
  const last = jsonOf(await part(id, 2_000_000, backup.subarray(2_000_000)))
  assert.equal(last.state, 'done')
  assert.ok((last.restored as { bytes: number }).bytes > 3_000_000)
  assert.equal((await world.node.account.status()).state, 'locked')
  await world.node.account.unlock({ passphrase })
  assert.deepEqual(
    (await world.node.drive.list('/')).map(({ name, bytes }) => [name, bytes]),
    [['kept.bin', 3_000_000]],
  )
  assert.equal((await world.node.audit.verify()).isWhole, true)
})

test('where somebody lives nothing is brought in, and the parts of a restore are no parts of anything else', async () => {
  const { id } = await begin(backup.length)
  assert.equal(jsonOf(await part(id, 0, backup.subarray(0, 1000))).code, 'conflict.identity')
  assert.equal(
    jsonOf(await world.ask('PUT', `/api/v1/uploads/${id}?offset=0`, { body: 'x' })).code,
    'refused.unsigned',
  )
})
