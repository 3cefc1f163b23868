/** Sharing between two homes: the owner's node decides, and what it gives is believed only where it is proved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import type { Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { emptyHome } from './family.ts'
import { type Asked, createTwo, shared } from './two-homes.ts'
import { bytesOf, passphrase, someDay } from './world.ts'

const large = createSeededRandom(9).bytes(3_000_000)
const opened = async (operations: Operations, ping: Uint8Array, purpose?: string): Promise<Uint8Array> =>
  bytesOf((await operations.sharing.open(ping, purpose === undefined ? {} : { purpose })).stream)

test('[WX-PNG-3] a file that was shared opens on another node, block by block, and nothing readable crosses the wire', async () => {
  const two = await createTwo()
  const text = new TextEncoder().encode('the salaries of everybody')
  const { ping, grant } = await shared(two, text)
  assert.ok(equalBytes(await opened(two.bob, ping), text))
  for (const { question, answer } of two.wire)
    for (const bytes of [question, answer]) assert.ok(!Buffer.from(bytes).includes('salaries'))
  const [received] = await two.bob.sharing.grants('in')
  assert.equal(received?.id, grant.id)
  const released = await two.alice.audit.tail({ limit: 20 })
  assert.ok(released.some(({ action }) => action === 'object.release'))
})

test('a large file comes in its blocks, each held to its name', async () => {
  const two = await createTwo()
  const { ping } = await shared(two, large)
  assert.ok(equalBytes(await opened(two.bob, ping), large))
  assert.ok(two.wire.length > 3)
  two.change((answer, question) => {
    const asked = decodeCbor(question, 'q') as { ask: string }
    return asked.ask === 'block' ? new Uint8Array(100) : answer
  })
  await assert.rejects(opened(two.bob, ping), (error) => hasCode(error, 'damaged'))
})

test('[AQ-QONSENT-4] [WX-PNG-6] the owner’s node holds to its terms: uses, end, purpose, and what was taken back', async () => {
  const two = await createTwo()
  const once = await shared(two, large, { uses: 1 })
  await opened(two.bob, once.ping)
  await assert.rejects(opened(two.bob, once.ping), { code: 'refused.used-up' })
  const short = await shared(two, large, { untilMs: someDay + 60_000, purpose: 'to read' })
  await assert.rejects(opened(two.bob, short.ping), { code: 'refused.condition' })
  await opened(two.bob, short.ping, 'to read')
  two.clock.advance(61_000)
  await assert.rejects(opened(two.bob, short.ping, 'to read'), { code: 'refused.expired' })
  const back = await shared(two, large)
  await two.alice.sharing.revoke(back.grant.id)
  await assert.rejects(opened(two.bob, back.ping), { code: 'refused.revoked' })
})

test('a request that was recorded is of no use: neither again, nor later, nor in another name', async () => {
  const two = await createTwo()
  const { ping } = await shared(two, large)
  await opened(two.bob, ping)
  const { question } = two.wire[0] as Asked
  const refused = async (bytes: Uint8Array): Promise<unknown> =>
    (decodeCbor(await two.aliceKernel.answer(bytes), 'a') as { code?: string }).code
  assert.equal(await refused(question), 'refused.replay')
  const fields = decodeCbor(question, 'q') as Record<string, unknown>
  const { did } = await two.alice.identities.show('alice')
  const nonce = new Uint8Array(16)
  assert.equal(await refused(encodeCbor({ ...fields, nonce })), 'refused.signature')
  assert.match(String(await refused(encodeCbor({ ...fields, nonce, subject: did }))), /^refused\./)
  assert.equal(await refused(encodeCbor({ ...fields, nonce, subject: 'did:peer:nobody' })), 'missing.object')
  two.clock.advance(6 * 60_000)
  assert.equal(await refused(question), 'refused.expired')
})

test('what a node answers is believed only where it is proved', async () => {
  const two = await createTwo()
  const { ping } = await shared(two, large)
  const other = await shared(two, new Uint8Array(10))
  const lies: ((fields: Record<string, unknown>) => unknown)[] = [
    (fields) => ({ ...fields, envelope: new Uint8Array(64) }),
    (fields) => ({ ...fields, slot: new Uint8Array(1168) }),
    (fields) => ({ ...fields, slot: new Uint8Array(3) }),
    (fields) => ({ ...fields, delegation: new Uint8Array(40) }),
    (fields) => ({ ...fields, more: 1 }),
    () => ({ is: 'opened' }),
    () => 'no answer',
  ]
  for (const lie of lies) {
    two.change((answer) => encodeCbor(lie(decodeCbor(answer, 'a') as Record<string, unknown>)))
    await assert.rejects(
      opened(two.bob, ping),
      (error) => hasCode(error, 'invalid') || hasCode(error, 'refused'),
    )
  }
  // The grant of another file.
  let kept: unknown
  two.change((answer) => {
    kept ??= (decodeCbor(answer, 'a') as Record<string, unknown>).delegation
    return answer
  })
  await opened(two.bob, other.ping)
  two.change((answer) => encodeCbor({ ...(decodeCbor(answer, 'a') as object), delegation: kept }))
  await assert.rejects(opened(two.bob, ping), { code: 'invalid.answer' })
  two.change(() => encodeCbor({ is: 'refused', code: 'refused.consent', sentence: 'No.' }))
  await assert.rejects(opened(two.bob, ping), { code: 'refused.consent', message: 'No.' })
})

test('a node that is locked, or asked nonsense, says so and nothing else', async () => {
  const two = await createTwo()
  const { ping } = await shared(two, large)
  const answer = async (bytes: Uint8Array): Promise<unknown> =>
    (decodeCbor(await two.aliceKernel.answer(bytes), 'a') as { code?: string }).code
  for (const nonsense of [new Uint8Array(0), new Uint8Array(9000), encodeCbor({ ask: 'all' }), encodeCbor(7)])
    assert.equal(await answer(nonsense), 'invalid.question')
  await two.alice.account.lock()
  await assert.rejects(opened(two.bob, ping), { code: 'unavailable.owner' })
})

test('nothing is believed of an owner whose card is not known here', async () => {
  const two = await createTwo()
  const { ping } = await shared(two, large)
  const clock = two.clock
  const carol = await emptyHome(clock, 3, {
    peers: {
      places: async () => [],
      ask: () => Promise.reject(new Error('must not be asked')),
      greet: () => Promise.reject(new Error('must not be asked')),
    },
  })
  await carol.operations.account.init({ name: 'carol', passphrase })
  await assert.rejects(opened(carol.operations, ping), { code: 'missing.identity' })
})

test('[SW-OVL-3] with whom one shares, and whether their nodes answer now', async () => {
  const two = await createTwo()
  const { did: bob } = await two.bob.identities.show('bob')
  const { did: alice } = await two.alice.identities.show('alice')
  assert.deepEqual(await two.bob.sharing.people(), [])
  const { ping } = await shared(two, large)
  await opened(two.bob, ping)
  assert.deepEqual(await two.bob.sharing.people(), [
    { did: alice, given: [], received: ['letter.bin'], presence: 'here', latencyMs: 7 },
  ])
  // Bob never said where his node is.
  assert.deepEqual(await two.alice.sharing.people(), [
    { did: bob, given: ['letter.bin'], received: [], presence: 'unknown' },
  ])
  two.moveAlice('nowhere')
  assert.equal((await two.bob.sharing.people())[0]?.presence, 'away')
})
