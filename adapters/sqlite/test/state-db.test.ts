import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, type TestContext, test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import type { Fault } from '@anarq/fault'
import { openStateDb, type StateDb, type StateDbOptions } from '@anarq/sqlite'
import { testReplay } from '@anarq/squid/testing'

const folder = mkdtempSync(join(tmpdir(), 'anarq-state-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

function newPath(): string {
  files += 1
  return join(folder, `${files}.db`)
}

function open(
  t: TestContext,
  options: Partial<StateDbOptions> = {},
): { state: StateDb; faults: Fault[]; path: string } {
  const faults: Fault[] = []
  const path = options.path ?? newPath()
  const state = openStateDb({ onFault: (fault) => faults.push(fault), ...options, path })
  t.after(() => state.close())
  return { state, faults, path }
}

const value = new Uint8Array([1, 2, 3])
const inMs = 60_000

testReplay('replay on disk', (clock) => {
  const state = openStateDb({ path: newPath(), onFault: (fault) => assert.fail(fault), clock })
  after(() => state.close())
  return state.replay
})

test('what was remembered or put is there when the file is opened again, and only its owner can read it', (t) => {
  const clock = createManualClock()
  const first = open(t, { clock })
  assert.equal(first.state.replay.remember('n', clock.nowMs() + inMs), true)
  first.state.cache('a').put('key', value)
  first.state.close()
  const again = open(t, { clock, path: first.path })
  assert.equal(again.state.replay.remember('n', clock.nowMs() + inMs), false)
  assert.deepEqual(again.state.cache('a').get('key'), value)
  assert.equal(statSync(first.path).mode & 0o777, 0o600)
  assert.deepEqual(again.faults, [])
})

test('without a close, as after a crash of the process, nothing is lost', (t) => {
  const clock = createManualClock()
  const { path, state } = open(t, { clock })
  for (let i = 0; i < 100; i += 1) state.replay.remember(`n${i}`, clock.nowMs() + inMs)
  const [copy, wal] = [newPath(), readFileSync(`${path}-wal`)]
  writeFileSync(copy, readFileSync(path))
  writeFileSync(`${copy}-wal`, wal)
  const again = open(t, { clock, path: copy })
  assert.equal(again.state.replay.remember('n99', clock.nowMs() + inMs), false)
})

test('nonces past their time are deleted, and when there is no room a request is refused, not let through twice', (t) => {
  const clock = createManualClock()
  const { state, path } = open(t, { clock, noncesMax: 3 })
  for (const key of ['a', 'b', 'c']) state.replay.remember(key, clock.nowMs() + 1500)
  assert.throws(() => state.replay.remember('d', clock.nowMs() + inMs), { code: 'limit.replay' })
  assert.equal(state.replay.remember('a', clock.nowMs() + inMs), false)
  clock.advance(2000)
  assert.equal(state.replay.remember('d', clock.nowMs() + inMs), true)
  state.close()
  using db = new DatabaseSync(path)
  assert.deepEqual(
    db
      .prepare('SELECT key FROM nonces')
      .all()
      .map(({ key }) => key),
    ['d'],
  )
})

test('caches do not see each other; an entry goes when it is deleted, cleared or past its time', (t) => {
  const clock = createManualClock()
  const { state } = open(t, { clock })
  const [a, b] = [state.cache('a'), state.cache('b')]
  assert.equal(a.get('key'), undefined)
  a.put('key', value)
  b.put('key', new Uint8Array([9]))
  a.put('key', new Uint8Array([4]))
  assert.deepEqual([a.get('key'), b.get('key')], [new Uint8Array([4]), new Uint8Array([9])])
  a.delete('key')
  assert.equal(a.get('key'), undefined)
  b.clear()
  assert.equal(b.get('key'), undefined)
  a.put('short', value, clock.nowMs() + 1000)
  assert.deepEqual(a.get('short'), value)
  clock.advance(1001)
  assert.equal(a.get('short'), undefined)
})

test('a full cache drops its oldest entries, and an entry has a limit', (t) => {
  const { state } = open(t, { entriesMax: 10 })
  const cache = state.cache('a')
  for (let i = 0; i < 25; i += 1) cache.put(`k${i}`, value)
  const left = Array.from({ length: 25 }, (_, i) => i).filter((i) => cache.get(`k${i}`) !== undefined)
  assert.deepEqual(left, [15, 16, 17, 18, 19, 20, 21, 22, 23, 24])
  assert.throws(() => cache.put('big', new Uint8Array(2 ** 20 + 1)), { code: 'limit.state' })
})

const damages: [string, (path: string) => void][] = [
  ['is no database', (path) => writeFileSync(path, 'rubbish '.repeat(1000))],
  ['has lost its end', (path) => truncateSync(path, 4096)],
  [
    'has damaged pages',
    (path) => {
      const bytes = readFileSync(path)
      bytes.fill(0xaa, 4096)
      writeFileSync(path, bytes)
    },
  ],
]
for (const [what, damage] of damages) {
  test(`a file that ${what} is made anew, and that is reported`, (t) => {
    const clock = createManualClock()
    const first = open(t, { clock })
    for (let i = 0; i < 500; i += 1) first.state.replay.remember(`nonce ${i}`, clock.nowMs() + inMs)
    first.state.close()
    damage(first.path)
    const { state, faults } = open(t, { clock, path: first.path })
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['damaged.state'],
    )
    assert.equal(state.replay.remember('nonce 1', clock.nowMs() + inMs), true, 'it has forgotten, and works')
    assert.equal(state.replay.remember('nonce 1', clock.nowMs() + inMs), false)
  })
}

test('a file that is damaged while it is in use is made anew as well', (t) => {
  const clock = createManualClock()
  const { state, faults, path } = open(t, { clock })
  const cache = state.cache('a')
  for (let i = 0; i < 3000; i += 1) cache.put(`key ${i}`, new Uint8Array(1000))
  using other = new DatabaseSync(path)
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const bytes = readFileSync(path)
  bytes.fill(0xaa, 8192)
  writeFileSync(path, bytes)
  for (let i = 0; i < 3000; i += 1) cache.get(`key ${i}`)
  cache.put('new', value)
  assert.deepEqual(cache.get('new'), value)
  assert.deepEqual(
    faults.map(({ code }) => code),
    ['damaged.state'],
  )
})

test('a file of another version is begun anew without a word', (t) => {
  const path = newPath()
  {
    using db = new DatabaseSync(path)
    db.exec('CREATE TABLE nonces (something); PRAGMA user_version = 99')
  }
  const { state, faults } = open(t, { path })
  assert.equal(state.replay.remember('n', Date.now() + inMs), true)
  assert.deepEqual(faults, [])
})

test('a path that cannot be opened is refused with a reason', () => {
  const path = join(folder, 'no such folder', 'state.db')
  assert.throws(() => openStateDb({ path, onFault: () => {} }), { code: 'unavailable.state' })
})
