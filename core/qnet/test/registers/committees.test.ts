import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { committeeMax, createStateCommittees, type DrawnFrom } from '@anarq/qnet/registers'

const keys = new Map<NodeId, Uint8Array>()
for (let i = 0; i < 400; i += 1) {
  const key = hashBlake3(Uint8Array.of(i & 255, i >> 8))
  keys.set(nodeIdOf(key), key)
}
const ids = [...keys.keys()].sort()
const topic = (i: number): Uint8Array => hashBlake3(Uint8Array.of(i, 1))

function committees(state: DrawnFrom | undefined, known: ReadonlyMap<NodeId, Uint8Array> = keys) {
  return createStateCommittees({ state: () => state, keyOf: (id) => known.get(id) })
}

function membersOf(state: DrawnFrom, of: Uint8Array): readonly NodeId[] {
  return (
    committees(state)
      .of(of)
      ?.members.map(({ id }) => id) ?? []
  )
}

test('[SW-CON-4] everybody with the same state draws the same committee; for another register, period or state another one', () => {
  const state = { period: 5, hash: topic(0), ids }
  const drawn = membersOf(state, topic(1))
  assert.equal(drawn.length, committeeMax)
  assert.equal(new Set(drawn).size, committeeMax)
  assert.deepEqual(membersOf({ ...state, ids: ids.toReversed() }, topic(1)), drawn)
  for (const other of [
    membersOf(state, topic(2)),
    membersOf({ ...state, period: 6 }, topic(1)),
    membersOf({ ...state, hash: topic(9) }, topic(1)),
  ]) {
    const shared = other.filter((id) => drawn.includes(id)).length
    assert.ok(shared < committeeMax / 2, `${shared} of both`)
  }
})

test('over many registers every relay is drawn about as often as any other', () => {
  const state = { period: 5, hash: topic(0), ids }
  const counts = new Map<NodeId, number>(ids.map((id) => [id, 0]))
  for (let i = 0; i < 200; i += 1)
    for (const id of membersOf(state, topic(i))) counts.set(id, (counts.get(id) ?? 0) + 1)
  // 200 draws of 64 of 400: 32 each, with a deviation of 5.2.
  for (const count of counts.values()) assert.ok(count > 32 - 26 && count < 32 + 26, `${count}`)
})

test('a small network is its own committee, and without a state or a key there is none', () => {
  const few = ids.slice(0, 7)
  assert.deepEqual(membersOf({ period: 1, hash: topic(0), ids: few }, topic(1)), few)
  assert.equal(committees(undefined).of(topic(1)), undefined)
  assert.equal(committees(undefined).isRelay(few[0] as NodeId), false)
  const lacking = new Map(keys)
  lacking.delete(few[3] as NodeId)
  assert.equal(committees({ period: 1, hash: topic(0), ids: few }, lacking).of(topic(1)), undefined)
})
