import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareBytes, toHex } from '@anarq/bytes'
import { drawCommittee, vrfHash } from '@anarq/qnet'
import { createLots, type LotBase, readLot, seedOf, verifyLot } from '../../src/discovery/lots.ts'
import { encodeMessage } from '../../src/discovery/messages.ts'
import { baseOfSet, judgeState } from '../../src/discovery/state.ts'
import { ownSet } from '../../src/state-set.ts'
import { keysOf } from '../record/fixture.ts'
import { type Citizen, settledTown, townSettings } from './fixture.ts'

const periodMs = townSettings.periodMs as number
const all = Array.from({ length: 9 }, (_, n) => keysOf(7000 + n))
const base: LotBase = {
  hash: new Uint8Array(32).fill(3),
  seed: new Uint8Array(32).fill(4),
  ids: new Set(all.map(({ id }) => id)),
}
const lotsOf = all.map((keys) => createLots(keys).cast(5, base) as Uint8Array)
const noSet = new Uint8Array(0)
const hashOf = (lot: Uint8Array) => vrfHash(readLot(lot).proof)

test('[SW-ROL-4] in whatever order lots come, every node ends with the lowest, and with one seed', () => {
  const [lowest, second] = lotsOf.toSorted((a, b) => compareBytes(hashOf(a), hashOf(b)))
  for (const order of [lotsOf, lotsOf.toReversed(), lotsOf.toSpliced(0, 4).concat(lotsOf.slice(0, 4))]) {
    const lots = createLots(keysOf(1))
    for (const lot of order) lots.take(5, base, lot)
    assert.deepEqual(lots.lowest(5, base), lowest)
    assert.equal(lots.take(5, base, second as Uint8Array), false)
  }
  // Withheld, the next lowest counts: who held it chose between two seeds, neither of which it made.
  const without = createLots(keysOf(1))
  for (const lot of lotsOf) if (lot !== lowest) without.take(5, base, lot)
  assert.deepEqual(without.lowest(5, base), second)
  assert.notDeepEqual(seedOf(5, base.hash, lowest), seedOf(5, base.hash, second))
})

test('[SW-ROL-4] a lot is one and no other: not for another period or seed, not by whom has none, and its holder cannot make a second', () => {
  const [one] = lotsOf as [Uint8Array]
  const refused = { code: 'invalid.proof' }
  assert.deepEqual(verifyLot(one, base.seed, 5), hashOf(one))
  assert.throws(() => verifyLot(one, base.seed, 6), refused)
  assert.throws(() => verifyLot(one, new Uint8Array(32), 5), refused)
  assert.deepEqual(createLots(all[0] as (typeof all)[0]).cast(5, base), one)
  const stranger = createLots(keysOf(99)).cast(5, { ...base, ids: new Set([keysOf(99).id]) })
  assert.throws(() => createLots(keysOf(1)).take(5, base, stranger as Uint8Array), refused)
  assert.equal(createLots(keysOf(99)).cast(5, base), undefined)
  const forged = one.slice()
  forged[60] = (forged[60] as number) ^ 1
  assert.throws(() => createLots(keysOf(1)).take(5, base, forged))
  assert.throws(() => createLots(keysOf(1)).take(5, base, one.slice(1)), { code: 'invalid.shape' })
})

test('[SW-ROL-3] [SW-ROL-4] each period has a seed of its own though the relays stay, the same everywhere, and its proof is checked by who was never there', () => {
  const town = settledTown(51, 6)
  town.net.run(3 * periodMs)
  const [first] = town.citizens as [Citizen]
  const before = first.discovery.state
  const late = town.add()
  town.start(late, [first.contact])
  town.net.run(2 * 60_000)
  town.net.run(periodMs)
  const states = town.citizens.map(({ discovery }) => discovery.state)
  const [now] = states
  assert.ok(before !== undefined && now !== undefined && now.period > before.period)
  assert.equal(new Set(states.map((state) => toHex(state?.seed ?? noSet))).size, 1)
  assert.equal(new Set(first.states.map(({ seed }) => toHex(seed))).size, first.states.length)
  // Who came when the seed could be known is a relay, and not yet one that is drawn.
  assert.ok(now.ids.includes(late.keys.id) && !now.elders.includes(late.keys.id))
  assert.deepEqual(drawCommittee(late.discovery.state as typeof now, 'x', 3), drawCommittee(now, 'x', 3))
  town.net.run(periodMs)
  assert.ok(first.discovery.state?.elders.includes(late.keys.id))
  const relays = new Set(now.ids)
  const judge = (bytes: Uint8Array) =>
    judgeState(bytes, {
      committeeSize: 100,
      relays,
      baseOf: () => baseOfSet(ownSet([])),
    })
  assert.deepEqual(judge(now.bytes)?.seed, now.seed)
  assert.deepEqual(judge(now.bytes)?.elders, now.elders)
  assert.equal(toHex(judge(before.bytes)?.seed ?? noSet), toHex(before.seed))
  assert.deepEqual(
    town.citizens.flatMap(({ blamed }) => blamed),
    [],
  )
})

test('[SW-ROL-4] who withholds its lot or gives it out only while votes are cast leaves all others with one seed', () => {
  const town = settledTown(52, 7)
  town.net.run(2 * periodMs)
  const [first] = town.citizens as [Citizen]
  const state = first.discovery.state
  assert.ok(state !== undefined)
  const of = state.period + 1
  const late = town.citizens
    .map(({ keys }) => ({ keys, lot: createLots(keys).cast(of, { ...state, ids: new Set(state.elders) }) }))
    .filter(({ lot }) => lot !== undefined)
    .sort((a, b) => compareBytes(hashOf(a.lot as Uint8Array), hashOf(b.lot as Uint8Array)))[0]
  const holder = town.citizens.find(({ keys }) => keys === late?.keys) as Citizen
  const others = town.citizens.filter((citizen) => citizen !== holder)
  // It falls silent before lots are cast, and gives its own to one node in the first round of votes.
  const startMs = of * periodMs
  town.net.run(startMs - periodMs / 6 - town.net.clock.nowMs())
  holder.node.isDown = true
  town.net.run(startMs + 5_000 - town.net.clock.nowMs())
  const [victim] = others as [Citizen]
  victim.discovery.receive(
    holder.keys.id,
    encodeMessage({ kind: 'lot', period: of, base: state.hash, lot: late?.lot as Uint8Array }),
  )
  town.net.run(periodMs / 2)
  const after = others.map(
    ({ discovery }) => `${discovery.state?.period} ${toHex(discovery.state?.seed ?? noSet)}`,
  )
  assert.equal(new Set(after).size, 1, after.join('\n'))
  assert.equal(first.discovery.state?.period, of)
})
