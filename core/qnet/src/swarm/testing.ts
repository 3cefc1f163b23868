import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashBlake3 } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import type { HeadStore, SignedHead } from './head-store.ts'
import { homeOfFeed } from './place.ts'
import type { BlockNote, Store } from './store.ts'

type Stores = { readonly store: Store; readonly heads: HeadStore; close(): Promise<void> }

/** Stores to be tried, empty when they open. */
export type OpenStores = () => Promise<Stores>
/** The same of stores that last: `reopen` closes them and opens them again. */
export type OpenLastingStores = () => Promise<Stores & { reopen(): Promise<Stores> }>

/** The tests that every `Store` and `HeadStore` of a swarm's node passes. Call it at the top of a test file. */
export function testSwarmStores(name: string, open: OpenStores): void {
  testBlocksHeld(name, open)
  testHeadsHeld(name, open)
}

/** And those that every one on a disk passes. */
export function testLastingStores(name: string, open: OpenLastingStores): void {
  testSwarmStores(name, open)
  testReopened(name, open)
}

function testBlocksHeld(name: string, open: OpenStores): void {
  test(`${name}: a block is there from when it is durable, with its home and size, until it is deleted`, async () => {
    await using opened = await use(open)
    const { store } = opened
    const [one, other] = [blockOf(1, 3000), blockOf(2, 0)]
    assert.equal(store.find(one.note), undefined)
    assert.equal(await got(store, one.key), undefined)
    for (const block of [one, other]) assert.equal(await put(store, block), true)
    assert.deepEqual(await got(store, one.key), one.bytes)
    assert.deepEqual(await got(store, other.key), other.bytes)
    const notes = [...store.notes()].sort((a, b) => b.bytes - a.bytes)
    assert.deepEqual(
      notes.map(({ key, home, bytes }) => [key.toHex(), home.toHex(), bytes]),
      [one, other].map(({ key, home, bytes }) => [key.toHex(), home.toHex(), bytes.length]),
    )
    assert.deepEqual(store.find(one.note), one.note)
    store.delete(one.note)
    assert.equal(store.find(one.note), undefined)
    assert.equal(await got(store, one.key), undefined)
    assert.equal(await put(store, one), true, 'what was deleted can come again')
    assert.deepEqual(await got(store, one.key), one.bytes)
  })

  test(`${name}: a block that several indexes stand on stays while one does`, async () => {
    await using opened = await use(open)
    const { store } = opened
    const one = blockOf(1, 3000)
    const other = { ...one, note: { ...one.note, home: blockOf(2, 1).home } }
    for (const block of [one, other]) assert.equal(await put(store, block), true)
    assert.equal([...store.notes()].length, 2)
    store.delete(one.note)
    assert.equal(store.find(one.note), undefined)
    assert.deepEqual(store.find(other.note), other.note)
    assert.deepEqual(await got(store, one.key), one.bytes)
    store.delete(other.note)
    assert.equal(await got(store, one.key), undefined)
  })

  test(`${name}: many puts at once are all durable, each once`, async () => {
    await using opened = await use(open)
    const blocks = Array.from({ length: 60 }, (_, i) => blockOf(i, 500))
    const done = await Promise.all([...blocks, ...blocks].map((block) => put(opened.store, block)))
    assert.ok(done.every((isDurable) => isDurable))
    assert.equal([...opened.store.notes()].length, 60)
    for (const { key, bytes } of blocks) assert.deepEqual(await got(opened.store, key), bytes)
  })
}

function testHeadsHeld(name: string, open: OpenStores): void {
  test(`${name}: heads are those that were set last, and none where none were`, async () => {
    await using opened = await use(open)
    const { heads } = opened
    const [feed, other] = [hashBlake3(Uint8Array.of(1)), hashBlake3(Uint8Array.of(2))]
    assert.deepEqual(heads.get(feed), [])
    await set(heads, feed, [headOf(1)])
    await set(heads, other, [headOf(9)])
    await set(heads, feed, [headOf(3), headOf(1)])
    assert.deepEqual(heads.get(feed), [headOf(3), headOf(1)])
    assert.equal(heads.size(), 2)
    await set(heads, other, [])
    assert.deepEqual(heads.get(other), [])
    assert.deepEqual([...heads.feeds()], [feed])
  })
}

function testReopened(name: string, open: OpenLastingStores): void {
  test(`${name}: it is the same after it was closed`, async () => {
    await using opened = await use(open)
    const blocks = Array.from({ length: 20 }, (_, i) => blockOf(i, 100 + i))
    for (const block of blocks) await put(opened.store, block)
    for (const { note } of blocks.slice(0, 5)) opened.store.delete(note)
    const going = { ...(blocks[6] as TestBlock).note, goesMs: 9_000 }
    opened.store.renew(going)
    const feed = hashBlake3(Uint8Array.of(7))
    await set(opened.heads, feed, [headOf(1)])
    await set(opened.heads, feed, [headOf(2), headOf(1)])
    const again = await opened.reopen()
    assert.equal([...again.store.notes()].length, 15)
    assert.deepEqual(again.store.find(going), going)
    for (const { key, home, bytes } of blocks.slice(5)) {
      assert.deepEqual(await got(again.store, key), bytes)
      const note = [...again.store.notes()].find((one) => one.key.toHex() === key.toHex())
      assert.deepEqual(note?.home.toHex(), home.toHex())
    }
    assert.deepEqual(again.heads.get(feed), [headOf(2), headOf(1)])
  })
}

type TestBlock = {
  readonly key: Uint8Array
  readonly home: Uint8Array
  readonly bytes: Uint8Array
  readonly note: BlockNote
}

function blockOf(seed: number, length: number): TestBlock {
  const bytes = createSeededRandom(seed).bytes(length)
  const [key, home] = [hashBlake3(bytes), homeOfFeed(hashBlake3(Uint8Array.of(seed)))]
  return { key, home, bytes, note: { key, home, bytes: length, wantedMs: seed * 1000, goesMs: 0 } }
}

function headOf(sequence: number): SignedHead {
  const bytes = createSeededRandom(sequence)
  return { sequence, head: bytes.bytes(32), signature: bytes.bytes(64) }
}

function put(store: Store, { note, bytes }: TestBlock): Promise<boolean> {
  return new Promise((resolve) => store.put(note, bytes.slice(), resolve))
}

function got(store: Store, key: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) =>
    store.get(key, (bytes) => resolve(bytes === undefined ? undefined : Uint8Array.from(bytes))),
  )
}

async function set(heads: HeadStore, feed: Uint8Array, to: readonly SignedHead[]): Promise<void> {
  assert.ok(await new Promise((resolve) => heads.set(feed, to, resolve)))
}

async function use<T extends Stores>(open: () => Promise<T>): Promise<T & AsyncDisposable> {
  const opened = await open()
  return { ...opened, [Symbol.asyncDispose]: opened.close }
}
