import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { drawCommittee, type NodeId, nodeIdOf } from '@anarq/qnet'
import type { NetworkState } from '@anarq/qnet/discovery'
import { committeeMax, createStateCommittees, type DrawnFrom, drawElectors } from '@anarq/qnet/registers'
import { type Citizen, settledTown, type Town, townSettings } from '../discovery/fixture.ts'

const keys = new Map<NodeId, Uint8Array>()
for (let i = 0; i < 400; i += 1) {
  const key = hashBlake3(Uint8Array.of(i & 255, i >> 8))
  keys.set(nodeIdOf(key), key)
}
const ids = [...keys.keys()].sort()
const topic = (i: number): Uint8Array => hashBlake3(Uint8Array.of(i, 1))
const stateOf = (elders: readonly NodeId[], seed = topic(0)): DrawnFrom => ({
  ...{ seed, elders, ids: elders },
  link: { period: 4 },
})
const periodMs = townSettings.periodMs as number

function committees(state: DrawnFrom | undefined, known: ReadonlyMap<NodeId, Uint8Array> = keys) {
  return createStateCommittees({ state: () => state, keyOf: (id) => known.get(id) })
}

function membersOf(state: DrawnFrom, of: Uint8Array): readonly NodeId[] {
  return (
    committees(state)
      .of(of)
      ?.map(({ id }) => id) ?? []
  )
}

const sharedBy = (a: readonly NodeId[], b: readonly NodeId[]): number =>
  a.filter((id) => b.includes(id)).length

test('[SW-CON-4] everybody with the same state draws the same committee; for another register or seed another one', () => {
  const state = stateOf(ids)
  const drawn = membersOf(state, topic(1))
  assert.equal(drawn.length, committeeMax)
  assert.equal(new Set(drawn).size, committeeMax)
  assert.deepEqual(membersOf(stateOf(ids.toReversed()), topic(1)), drawn)
  assert.deepEqual(drawElectors(state, topic(1)).toSorted(), drawn.toSorted())
  // As docs/formats/registers.md says it.
  const subject = `register ${topic(1).toHex()}`
  assert.deepEqual(drawElectors(state, topic(1)), drawCommittee(state, subject, 64))
  for (const other of [membersOf(state, topic(2)), membersOf(stateOf(ids, topic(9)), topic(1))]) {
    const shared = sharedBy(drawn, other)
    assert.ok(shared < committeeMax / 2, `${shared} of both`)
  }
})

test('[SW-CON-4] committees of two registers have as many in common as chance gives them', () => {
  const drawn = Array.from({ length: 100 }, (_, i) => membersOf(stateOf(ids), topic(i)))
  const shared = drawn.slice(1).map((one, i) => sharedBy(one, drawn[i] as readonly NodeId[]))
  // 64 of 400, of which 64 are on the other: 10.24 on average, with a deviation of 2.7 each and 0.27 of their mean.
  const mean = shared.reduce((sum, count) => sum + count, 0) / shared.length
  assert.ok(mean > 9 && mean < 11.5, `${mean}`)
  assert.ok(Math.max(...shared) < 25, `${Math.max(...shared)}`)
})

test('over many registers every relay is drawn about as often as any other', () => {
  const state = stateOf(ids)
  const counts = new Map<NodeId, number>(ids.map((id) => [id, 0]))
  for (let i = 0; i < 200; i += 1)
    for (const id of membersOf(state, topic(i))) counts.set(id, (counts.get(id) ?? 0) + 1)
  // 200 draws of 64 of 400: 32 each, with a deviation of 5.2.
  for (const count of counts.values()) assert.ok(count > 32 - 26 && count < 32 + 26, `${count}`)
})

test('[SW-CON-4] however many relays come when the seed can be known, a committee stays as it is: they are relays, and on none', () => {
  const settled = ids.slice(0, 200)
  const came = ids.slice(200)
  const before = committees(stateOf(settled))
  const after = committees({ ...stateOf(settled), ids })
  for (let i = 0; i < 50; i += 1) assert.deepEqual(after.of(topic(i)), before.of(topic(i)))
  for (const id of came) assert.deepEqual([before.isRelay(id), after.isRelay(id)], [false, true])
  assert.equal(committees({ ...stateOf([]), ids }).of(topic(1)), undefined, 'all of them just came')
})

test('a small network is its own committee, and without a state or a key there is none', () => {
  const few = ids.slice(0, 7)
  assert.deepEqual(membersOf(stateOf(few), topic(1)), few)
  assert.equal(committees(undefined).of(topic(1)), undefined)
  assert.equal(committees(undefined).isRelay(few[0] as NodeId), false)
  const lacking = new Map(keys)
  lacking.delete(few[3] as NodeId)
  const waiting = committees(stateOf(few), lacking)
  assert.equal(waiting.of(topic(1)), undefined)
  lacking.set(few[3] as NodeId, keys.get(few[3] as NodeId) as Uint8Array)
  assert.deepEqual(
    waiting.of(topic(1))?.map(({ id }) => id),
    few,
  )
})

test('a committee is drawn once from a state, and anew from the next one', () => {
  let [state, asked] = [stateOf(ids), 0]
  const drawing = createStateCommittees({
    state: () => state,
    keyOf(id) {
      asked += 1
      return keys.get(id)
    },
  })
  const first = drawing.of(topic(1))
  assert.equal(drawing.of(topic(1)), first)
  assert.equal(asked, committeeMax)
  state = stateOf(ids, topic(9))
  assert.notDeepEqual(drawing.of(topic(1)), first)
})

test('[SW-CON-4] in a network of five the first state draws nobody, the second all of them, and all draw the same; who came then waits for the next', () => {
  const town = settledTown(61, 5)
  const [first] = town.citizens as [Citizen]
  runTo(town, () => town.citizens.every(({ discovery }) => discovery.state !== undefined))
  // Its seed follows from its relays, which somebody may have brought in for it.
  const begun = town.citizens.map(({ discovery }) => discovery.state as NetworkState)
  for (const state of begun) assert.deepEqual([state.elders.length, drawnBy(town, state)], [5, undefined])
  town.net.run(periodMs)
  const everybody = town.citizens.map(({ keys: { id } }) => id).sort()
  for (const { discovery } of town.citizens)
    assert.deepEqual(drawnBy(town, discovery.state as NetworkState), everybody)
  const late = town.add()
  town.start(late, [first.contact])
  town.net.run(2 * 60_000)
  const { period } = first.discovery.state as NetworkState
  runTo(
    town,
    () => late.discovery.state?.period === period + 1 && first.discovery.state?.period === period + 1,
  )
  for (const { discovery } of [first, late]) {
    const state = discovery.state as NetworkState
    assert.ok(state.ids.includes(late.keys.id))
    assert.deepEqual(drawnBy(town, state), everybody)
  }
  town.net.run(periodMs)
  const all = [...everybody, late.keys.id].sort()
  for (const { discovery } of town.citizens)
    assert.deepEqual(drawnBy(town, discovery.state as NetworkState), all)
})

function runTo({ net }: Town, holds: () => boolean): void {
  assert.ok(net.runUntil(holds, 3 * periodMs) !== undefined, 'not within three periods')
}

function drawnBy({ citizens }: Town, state: NetworkState): readonly NodeId[] | undefined {
  const keyOf = (of: NodeId): Uint8Array | undefined =>
    citizens.find(({ keys: { id } }) => id === of)?.keys.publicKey
  return createStateCommittees({ state: () => state, keyOf })
    .of(topic(1))
    ?.map(({ id }) => id)
    .sort()
}
