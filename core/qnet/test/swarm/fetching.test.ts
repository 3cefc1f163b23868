/** Whom a fetch asks, and when: of holders that answer as a test says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { createTestNet } from '@anarq/qnet/testing'
import { createFetch } from '../../src/swarm/fetching.ts'
import type { Requests } from '../../src/swarm/requests.ts'

const bytes = Uint8Array.of(1, 2, 3)
const key = hashBlake3(bytes)
const asks = 10_000

type Holder = {
  readonly id: NodeId
  /** After so long it gives this; never where it is gone. */
  readonly afterMs?: number
  readonly gives?: Uint8Array
}

/** How a fetch from them goes: when it ended with what, who was asked for the block when, and who was accused. */
function fetched(...holders: readonly Omit<Holder, 'id'>[]) {
  const net = createTestNet({ seed: 1 })
  const { world } = net.add(nodeIdOf(new Uint8Array(32).fill(99)))
  const all = holders.map((one, n): Holder => ({ ...one, id: nodeIdOf(new Uint8Array(32).fill(n)) }))
  const startMs = net.clock.nowMs()
  const asked: [holder: number, atMs: number][] = []
  const accused: number[] = []
  const ends: { got: Uint8Array | undefined; atMs: number }[] = []
  const numberOf = (id: NodeId): number => all.findIndex((one) => one.id === id)
  const requests: Pick<Requests, 'ask'> = {
    ask(to, kind, _, then) {
      const holder = all[numberOf(to)] as Holder
      if (kind === 'have') return void world.after(10, () => then([Uint8Array.of(1)]))
      asked.push([numberOf(to), net.clock.nowMs() - startMs - 10])
      const { afterMs, gives } = holder
      if (afterMs === undefined) world.after(asks, () => then(undefined))
      else world.after(afterMs, () => then([gives]))
    },
  }
  createFetch(
    world,
    requests as Requests,
    {
      accuse: (id: NodeId) => void accused.push(numberOf(id)),
    } as never,
  )(
    all.map(({ id }) => id),
    { home: key, key },
    (got) => void ends.push({ got, atMs: net.clock.nowMs() - startMs - 10 }),
  )
  net.run(60_000)
  assert.equal(ends.length, 1)
  return { ...(ends[0] as (typeof ends)[number]), asked, accused }
}

test('who is quick is asked alone', () => {
  assert.deepEqual(fetched({ afterMs: 2000, gives: bytes }, { afterMs: 5, gives: bytes }), {
    got: bytes,
    atMs: 2000,
    asked: [[0, 0]],
    accused: [],
  })
})

test('while one is slow, or gone, the next is asked too, and whichever is first counts', () => {
  const gone = fetched({}, { afterMs: 300, gives: bytes })
  assert.deepEqual([gone.got, gone.atMs], [bytes, 2800])
  const slow = fetched({ afterMs: 4000, gives: bytes }, { afterMs: 9000, gives: bytes }, {})
  assert.deepEqual([slow.got, slow.atMs], [bytes, 4000])
  assert.deepEqual(slow.asked, [
    [0, 0],
    [1, 2500],
  ])
})

test('who gives another block is accused, and the next is asked at once', () => {
  assert.deepEqual(fetched({ afterMs: 20, gives: key }, { afterMs: 5, gives: bytes }), {
    got: bytes,
    atMs: 25,
    asked: [
      [0, 0],
      [1, 20],
    ],
    accused: [0],
  })
})

test('one that fails late does not take the time of who was asked meanwhile', () => {
  const { asked, got } = fetched(
    { afterMs: 3000 },
    { afterMs: 2400, gives: bytes },
    { afterMs: 1, gives: bytes },
  )
  assert.deepEqual(asked, [
    [0, 0],
    [1, 2500],
  ])
  assert.deepEqual(got, bytes)
})

test('where nobody gives it the end comes once, when the last was heard', () => {
  const { got, atMs, asked } = fetched({}, { afterMs: 10 }, {})
  assert.deepEqual(asked, [
    [0, 0],
    [1, 2500],
    [2, 2510],
  ])
  assert.deepEqual([got, atMs], [undefined, 12_510])
})
