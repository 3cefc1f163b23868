import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileChange, testDigest, testRecord } from '@anarq/qindex/testing'
import { createSqliteView, type SqliteView } from '@anarq/sqlite'

function names(view: SqliteView): string[] {
  return view.search({}).map(({ name }) => name)
}

function snapshotOf(...files: string[]): Uint8Array {
  const view = createSqliteView()
  view.apply(
    files.map((name) => testRecord(fileChange(name))),
    testDigest(files.join()),
  )
  view.search({ text: 'x' })
  const bytes = view.snapshot()
  view.close()
  return bytes
}

test('a snapshot holds all of it, words and root included, and can be written to when it is loaded', () => {
  const view = createSqliteView()
  assert.equal(view.load(snapshotOf('a.txt', 'b.txt')), true)
  assert.deepEqual(view.root(), testDigest('a.txt,b.txt'))
  view.apply([testRecord(fileChange('c.txt'))], testDigest(2))
  assert.deepEqual(names(view), ['a.txt', 'b.txt', 'c.txt'])
  assert.equal(view.count({ text: 'txt' }), 3)
  view.clear()
  assert.deepEqual([names(view), view.root()], [[], undefined])
  view.close()
})

test('a view that was loaded and has grown large goes on in memory without a limit', () => {
  const view = createSqliteView({ loadedBytesMax: 1 })
  assert.equal(view.load(snapshotOf('a.txt', 'b.txt')), true)
  view.apply([testRecord(fileChange('b.txt', { set: { name: 'c.txt' } }), 2)], testDigest(2))
  assert.deepEqual(names(view), ['a.txt', 'c.txt'])
  assert.deepEqual(
    ['a', 'b', 'c', 'txt'].map((text) => view.count({ text })),
    [1, 0, 1, 2],
  )
  const other = createSqliteView()
  assert.equal(other.load(view.snapshot()), true)
  assert.deepEqual(names(other), ['a.txt', 'c.txt'])
  other.close()
  view.close()
})

test('a snapshot is worth it where more was done since than the next start does again at little cost', () => {
  const view = createSqliteView()
  const files = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => testRecord(fileChange(`${from + i}.txt`)))
  view.apply([], testDigest(0))
  assert.equal(view.isWorthSaving(), false)
  view.apply(files(0, 500), testDigest(1))
  assert.equal(view.isWorthSaving(), true)
  const bytes = view.snapshot()
  assert.equal(view.isWorthSaving(), false)
  view.apply(files(500, 10), testDigest(2))
  assert.equal(view.isWorthSaving(), false)
  view.apply(files(510, 1), testDigest(3))
  assert.equal(view.isWorthSaving(), true)
  assert.equal(view.load(bytes), true)
  assert.equal(view.isWorthSaving(), false)
  assert.equal(view.count({ text: 'txt' }), 500)
  assert.equal(view.isWorthSaving(), true, 'all words were listed for the first time')
  view.close()
})

test('bytes that are no whole snapshot of this version leave an empty view that works', () => {
  const whole = snapshotOf('a.txt')
  const changed = (at: number) => whole.with(at < 0 ? whole.length + at : at, 0xff)
  const foreign = new DatabaseSync(':memory:')
  foreign.exec('CREATE TABLE entries (num INTEGER PRIMARY KEY, id BLOB)')
  const wrong = [
    new Uint8Array(0),
    new Uint8Array(5000).fill(0x41),
    whole.subarray(0, 20),
    whole.subarray(0, -1),
    foreign.serialize(),
    ...[0, 7, 9, 14, 20, 5000, -1].map(changed),
  ]
  foreign.close()
  const view = createSqliteView()
  for (const [i, bytes] of wrong.entries()) {
    assert.equal(view.load(whole), true)
    assert.equal(view.load(bytes), false, `number ${i}`)
    assert.deepEqual([view.root(), names(view), view.count()], [undefined, [], 0])
    view.apply([testRecord(fileChange('b.txt'))], testDigest(2))
    assert.deepEqual(names(view), ['b.txt'])
  }
  view.close()
})

test('a write that fails leaves the view as it was', () => {
  const view = createSqliteView()
  view.apply([testRecord(fileChange('a.txt'))], testDigest(1))
  const broken = { ...testRecord(fileChange('c.txt')), kind: undefined as unknown as string }
  assert.throws(() => view.apply([testRecord(fileChange('b.txt')), broken], testDigest(2)))
  assert.deepEqual([view.root(), names(view)], [testDigest(1), ['a.txt']])
  assert.equal(view.count({ text: 'b' }), 0)
  view.apply([testRecord(fileChange('b.txt'))], testDigest(3))
  assert.deepEqual(names(view), ['a.txt', 'b.txt'])
  view.close()
})

test('a view that is larger than SQLite gives at once is not saved any more', () => {
  const files = Array.from({ length: 2000 }, (_, i) => testRecord(fileChange(`${i}.txt`)))
  const bytesOf = (view: ReturnType<typeof createSqliteView>): number => {
    view.apply(files, testDigest(1))
    return view.snapshot().length
  }
  using usual = disposable(createSqliteView())
  const bytes = bytesOf(usual.view)
  using small = disposable(createSqliteView({ savedBytesMax: bytes / 2 }))
  small.view.apply(files.slice(0, 100), testDigest(0))
  assert.equal(small.view.isWorthSaving(), true)
  small.view.apply(files, testDigest(1))
  assert.equal(small.view.isWorthSaving(), false)
})

function disposable(view: ReturnType<typeof createSqliteView>) {
  return { view, [Symbol.dispose]: () => view.close() }
}
