/** Sharing between two homes: the owner's node decides, and what it gives is believed only where it is proved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { Fault, hasCode } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import type { Kernel, KernelPorts, Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { emptyHome } from './family.ts'
import { bytesOf, fileItem, itemsOf, passphrase, someDay } from './world.ts'

type Asked = { readonly question: Uint8Array; readonly answer: Uint8Array }
type Two = {
  readonly clock: ManualClock
  readonly alice: Operations
  readonly bob: Operations
  readonly aliceKernel: Kernel
  readonly aliceBlocks: KernelPorts['blocks']
  /** All that went over the wire from Bob to Alice. */
  readonly wire: Asked[]
  /** What Bob gets instead of Alice's answer. */
  change(by: (answer: Uint8Array, question: Uint8Array) => Uint8Array | Promise<Uint8Array>): void
}

/** Alice's node and Bob's, each alone in its memory; they know each other's cards. */
async function createTwo(): Promise<Two> {
  const clock = createManualClock(someDay)
  const wire: Asked[] = []
  let change: Parameters<Two['change']>[0] = (answer) => answer
  const alice = await emptyHome(clock, 1, {
    peers: { places: () => ['alice’s node'], ask: () => Promise.reject(new Error('nobody')) },
  })
  const bob = await emptyHome(clock, 2, {
    peers: {
      places: () => [],
      async ask(places, question) {
        if (places[0] !== 'alice’s node') throw new Fault('unavailable.peer', 'Nobody is there.')
        const answer = await change(await alice.kernel.answer(question), question)
        wire.push({ question, answer })
        return answer
      },
    },
  })
  for (const [home, name] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const)
    await home.operations.account.init({ name, passphrase })
  await alice.operations.identities.learn((await bob.operations.identities.show('bob')).card)
  await bob.operations.identities.learn((await alice.operations.identities.show('alice')).card)
  return {
    clock,
    alice: alice.operations,
    bob: bob.operations,
    aliceKernel: alice.kernel,
    aliceBlocks: alice.ports.blocks,
    wire,
    change: (by) => {
      change = by
    },
  }
}

async function shared(
  { alice, bob }: Two,
  content: Uint8Array,
  terms: { uses?: number; purpose?: string; untilMs?: number } = {},
) {
  await alice.drive.put(itemsOf(fileItem('letter.bin', content)), { isThorough: true })
  const { did } = await bob.identities.show('bob')
  return alice.sharing.share('letter.bin', { with: did, ...terms })
}

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
    return asked.ask === 'block' ? encodeCbor({ is: 'block', block: new Uint8Array(100) }) : answer
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
    peers: { places: () => [], ask: () => Promise.reject(new Error('must not be asked')) },
  })
  await carol.operations.account.init({ name: 'carol', passphrase })
  await assert.rejects(opened(carol.operations, ping), { code: 'missing.identity' })
})
