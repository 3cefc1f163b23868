import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId, World } from '@anarq/qnet'
import {
  type Agreement,
  createAgreement,
  createCard,
  createSigning,
  type Equivocation,
  faultsOf,
  isCertified,
  isEquivocation,
  quorumOf,
} from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'

const rules = { seedOf: () => new Uint8Array(32), workBits: 0 }
const subject = { topic: Uint8Array.of(1), sequence: 1 }

test('two quorums share more members than can lie, and one node is a quorum of one', () => {
  for (let n = 1; n <= 100; n += 1) {
    assert.ok(2 * quorumOf(n) - n > faultsOf(n), `${n}`)
    assert.ok(quorumOf(n) <= n - faultsOf(n))
  }
  assert.deepEqual([1, 2, 3, 4, 7, 25].map(quorumOf), [1, 2, 3, 3, 5, 17])
  assert.deepEqual([1, 2, 3, 4, 7, 25].map(faultsOf), [0, 0, 0, 1, 2, 8])
})

test('[SW-TOP-7] [SW-TOP-8] whatever is lost or late, and whoever of less than a third lies, no two decide differently', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom(1, 4, 7),
      fc.integer({ min: 0, max: 30 }),
      fc.boolean(),
      (seed, size, loss, lies) => {
        const { decisions, caught } = play(seed, size, loss / 100, lies ? faultsOf(size) : 0)
        assert.ok(new Set(decisions.values()).size <= 1)
        assert.equal(decisions.size, size - (lies ? faultsOf(size) : 0), 'everybody honest decides')
        const { verify, sign, publicKey } = createSigning(new Uint8Array(32))
        for (const evidence of caught) assert.ok(isEquivocation(evidence, { verify, sign, publicKey }))
      },
    ),
    { seed: 3, numRuns: 25 },
  )
})

/** A net of its own: agreement needs nothing else of a swarm. The liars say one thing to some and another to others. */
function play(seed: number, size: number, loss: number, liars: number) {
  const random = createSeededRandom(seed)
  const fraction = () => new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32
  const queue: { atMs: number; run: () => void }[] = []
  let nowMs = 0
  const after = (delayMs: number, run: () => void) => {
    const event = { atMs: nowMs + delayMs, run }
    queue.push(event)
    return () => {
      event.run = () => {}
    }
  }
  const world: World = { clock: { nowMs: () => nowMs }, random, after }
  const signings = Array.from({ length: size }, (_, i) => createSigning(hashBlake3(Uint8Array.of(i))))
  const cards = signings.map(({ publicKey }) => createCard(publicKey, 0, rules, random))
  const decisions = new Map<NodeId, string>()
  const caught: Equivocation[] = []
  const agreements = new Map<NodeId, Agreement[]>()
  cards.forEach((card, i) => {
    const signing = signings[i] as (typeof signings)[number]
    const faces = i < liars ? 2 : 1
    agreements.set(
      card.id,
      Array.from({ length: faces }, (_, face) =>
        createAgreement({
          subject,
          electorate: cards,
          self: card.id,
          world,
          signing,
          roundMs: 1000,
          send(to, part) {
            const isForFace = faces === 1 || cards.findIndex(({ id }) => id === to) % 2 === face
            if (!isForFace || (fraction() < loss && nowMs < 30_000)) return
            after(fraction() * 300, () => {
              for (const one of agreements.get(to) ?? []) one.receive(card.id, part)
            })
          },
          propose: () => Uint8Array.of(i, face),
          accepts: () => true,
          decided(value, certificate) {
            assert.ok(isCertified(certificate, subject, cards, signing))
            if (i >= liars) decisions.set(card.id, value.toHex())
            // As the swarm does: whoever decided tells those who ask.
            for (const other of cards)
              if (other.id !== card.id)
                after(40_000, () => {
                  for (const one of agreements.get(other.id) ?? [])
                    one.receive(card.id, [
                      'decided',
                      value,
                      [certificate.phase, certificate.round, certificate.hash, certificate.votes],
                    ])
                })
          },
          caught: (evidence) => caught.push(evidence),
        }),
      ),
    )
  })
  for (const all of agreements.values()) for (const one of all) one.start()
  while (nowMs < 300_000 && queue.length > 0 && decisions.size < size - liars) {
    queue.sort((a, b) => b.atMs - a.atMs)
    const next = queue.pop() as { atMs: number; run: () => void }
    nowMs = next.atMs
    next.run()
  }
  return { decisions, caught }
}
