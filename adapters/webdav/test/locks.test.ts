import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  dropLocks,
  type Lock,
  type LockRequest,
  type LockTable,
  lockAgainst,
  lockLimits,
  locksOn,
  refreshLock,
  releaseLock,
  takeLock,
  withoutExpired,
} from '../src/locks.ts'

let made = 0
function request(more: Partial<LockRequest> = {}): LockRequest {
  made += 1
  return {
    token: `urn:${made}`,
    root: 'me/a',
    isDeep: true,
    scope: 'exclusive',
    by: 'key',
    owner: '',
    timeoutMs: 1000,
    ...more,
  }
}

function taken(table: LockTable, asked: LockRequest, nowMs = 0): { table: LockTable; lock: Lock } {
  const outcome = takeLock(table, asked, nowMs)
  assert.ok('lock' in outcome)
  return outcome
}

test('an exclusive lock keeps every other away; shared ones bear each other', () => {
  const alone = taken([], request())
  for (const scope of ['exclusive', 'shared'] as const)
    assert.deepEqual(takeLock(alone.table, request({ scope }), 0), { conflict: alone.lock })
  const shared = taken([], request({ scope: 'shared' }))
  assert.equal(taken(shared.table, request({ scope: 'shared' })).table.length, 2)
  assert.deepEqual(takeLock(shared.table, request(), 0), { conflict: shared.lock })
})

test('a deep lock holds for what lies below, also what comes later; one of depth 0 for its own name alone', () => {
  const deep = taken([], request({ root: 'me/a' }))
  assert.deepEqual(locksOn(deep.table, 'me/a/b/c'), [deep.lock])
  assert.deepEqual(locksOn(deep.table, 'me/ab'), [])
  assert.deepEqual(takeLock(deep.table, request({ root: 'me/a/b', isDeep: false }), 0), {
    conflict: deep.lock,
  })
  const flat = taken([], request({ root: 'me/a', isDeep: false }))
  assert.deepEqual(locksOn(flat.table, 'me/a/b'), [])
  assert.ok('lock' in takeLock(flat.table, request({ root: 'me/a/b' }), 0))
  assert.deepEqual(takeLock(flat.table, request({ root: 'me', isDeep: true }), 0), { conflict: flat.lock })
  assert.ok('lock' in takeLock(flat.table, request({ root: 'me', isDeep: false }), 0))
})

test('a lock ends with its time, is held longer by a refresh, and is given back only by whom it is of', () => {
  const { table, lock } = taken([], request({ timeoutMs: 1000 }), 5)
  assert.equal(lock.untilMs, 1005)
  const about = { token: lock.token, path: 'me/a/b', by: 'key' }
  const longer = refreshLock(table, { ...about, timeoutMs: 500 }, 1004)
  assert.equal(longer?.lock.untilMs, 1504)
  assert.deepEqual(withoutExpired(longer?.table ?? [], 1504), [])
  assert.equal(refreshLock(table, { ...about, timeoutMs: 500 }, 1005), undefined)
  for (const wrong of [{ by: 'other' }, { token: 'urn:x' }, { path: 'me/b' }]) {
    assert.equal(releaseLock(table, { ...about, ...wrong }, 10), undefined)
    assert.equal(refreshLock(table, { ...about, timeoutMs: 1, ...wrong }, 10), undefined)
  }
  assert.deepEqual(releaseLock(table, about, 10), [])
  assert.ok('lock' in takeLock(table, request(), 2000))
})

test('a change needs the token of each lock in its way, from the key that made it', () => {
  const { table, lock } = taken([], request({ root: 'me/a/b', isDeep: false }))
  const held = { tokens: new Set([lock.token]), by: 'key' }
  const none = { tokens: new Set<string>(), by: 'key' }
  const change = { path: 'me/a/b', isDeep: false, isMembership: false }
  assert.equal(lockAgainst(table, change, none), lock)
  assert.equal(lockAgainst(table, change, { ...held, by: 'other' }), lock)
  assert.equal(lockAgainst(table, change, held), undefined)
  // Taking the folder above away takes it too; changing that folder alone does not.
  assert.equal(lockAgainst(table, { ...change, path: 'me/a', isDeep: true }, none), lock)
  assert.equal(lockAgainst(table, { ...change, path: 'me/a' }, none), undefined)
  // A new member of a locked folder needs the folder's token; a change of one that is there does not.
  const inside = { ...change, path: 'me/a/b/c' }
  assert.equal(lockAgainst(table, { ...inside, isMembership: true }, none), lock)
  assert.equal(lockAgainst(table, inside, none), undefined)
})

test('of shared locks one token is enough', () => {
  const first = taken([], request({ scope: 'shared', by: 'one' }))
  const { table, lock } = taken(first.table, request({ scope: 'shared', by: 'two' }))
  const change = { path: 'me/a/x', isDeep: true, isMembership: true }
  assert.equal(lockAgainst(table, change, { tokens: new Set([lock.token]), by: 'two' }), undefined)
  assert.ok(lockAgainst(table, change, { tokens: new Set([lock.token]), by: 'one' }))
  assert.ok(lockAgainst(table, change, { tokens: new Set(), by: 'two' }))
})

test('what is taken away takes its locks along; what is replaced keeps its own', () => {
  const own = taken([], request({ isDeep: false }))
  const { table } = taken(own.table, request({ root: 'me/a/b', isDeep: false }))
  assert.deepEqual(dropLocks(table, 'me/a', { isReplaced: false }), [])
  assert.deepEqual(dropLocks(table, 'me/a', { isReplaced: true }), [own.lock])
})

test('nobody fills the table', () => {
  let table: LockTable = []
  for (let i = 0; i < lockLimits.ofOne; i += 1) table = taken(table, request({ root: `me/${i}` })).table
  assert.deepEqual(takeLock(table, request({ root: 'me/more' }), 0), { isFull: true })
  assert.ok('lock' in takeLock(table, request({ root: 'me/more', by: 'other' }), 0))
  assert.ok('lock' in takeLock(table, request({ root: 'me/more' }), 1000))
})

test('whatever is asked in whatever order, no two locks of one place are at odds', () => {
  const step = fc.record({
    root: fc.constantFrom('m', 'm/a', 'm/a/b', 'm/a/c', 'm/d'),
    isDeep: fc.boolean(),
    scope: fc.constantFrom('exclusive' as const, 'shared' as const),
    timeoutMs: fc.integer({ min: 1, max: 30 }),
    waitMs: fc.integer({ min: 0, max: 10 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let table: LockTable = []
      let nowMs = 0
      for (const { waitMs, ...asked } of steps) {
        nowMs += waitMs
        const outcome = takeLock(table, request(asked), nowMs)
        if ('table' in outcome) table = outcome.table
        for (const place of ['m', 'm/a', 'm/a/b', 'm/a/c', 'm/d', 'm/a/b/new']) {
          const locks = locksOn(withoutExpired(table, nowMs), place)
          assert.ok(locks.length <= 1 || locks.every(({ scope }) => scope === 'shared'))
        }
      }
    }),
  )
})
