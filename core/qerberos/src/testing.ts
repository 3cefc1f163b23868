import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { merkleLeaf } from '@anarq/qlock'
import { type LogStore, leafBytes, type StoredEntry } from './log-store.ts'

/** One store under test; `reopen` gives what is there after a restart, `close` also takes the traces away. */
export type LogStoreBench = {
  readonly store: LogStore
  reopen(): Promise<LogStore>
  close(): Promise<void>
}

/** What every `LogStore` must do. */
export function testLogStore(name: string, open: () => Promise<LogStoreBench>): void {
  const on = (title: string, claim: (bench: LogStoreBench) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const bench = await open()
      try {
        await claim(bench)
      } finally {
        await bench.close()
      }
    })
  }

  on('an empty log has no entries, no leaves and no head', async ({ store }) => {
    assert.equal(store.size(), 0)
    assert.equal(store.leafCount(), 0)
    assert.equal(await store.getHead(), undefined)
    assert.deepEqual(await all(store, 0, 10), [])
    assert.equal((await store.readLeaves(0, 10)).length, 0)
    assert.deepEqual(await store.damage(), [])
  })

  on('entries come back by number, in order, byte for byte', async ({ store }) => {
    const entries = samples(0, 40)
    await append(store, entries.slice(0, 1))
    await append(store, entries.slice(1, 30))
    await append(store, entries.slice(30))
    assert.equal(store.size(), 40)
    assert.deepEqual(
      await all(store, 0, 40),
      entries.map((bytes, index) => ({ index, bytes })),
    )
    assert.deepEqual(await all(store, 7, 9), [
      { index: 7, bytes: entries[7] },
      { index: 8, bytes: entries[8] },
    ])
  })

  on('reading past the end gives what there is, and nothing of an empty range', async ({ store }) => {
    await append(store, samples(0, 3))
    assert.equal((await all(store, 2, 99)).length, 1)
    assert.deepEqual(await all(store, 3, 99), [])
    assert.deepEqual(await all(store, 2, 2), [])
    assert.deepEqual(await store.readLeaves(3, 99), new Uint8Array(0))
  })

  on('entries of no bytes and of many are kept alike', async ({ store }) => {
    const entries = [new Uint8Array(0), new Uint8Array(100_000).fill(7), new Uint8Array(1)]
    await append(store, entries)
    assert.deepEqual(
      (await all(store, 0, 3)).map((stored) => 'bytes' in stored && stored.bytes),
      entries,
    )
  })

  on('an append of nothing changes nothing', async ({ store }) => {
    await append(store, samples(0, 2))
    await append(store, [])
    assert.equal(store.size(), 2)
    assert.equal(store.leafCount(), 2)
  })

  on('leaves are kept beside the entries and can be written anew', async ({ store }) => {
    const entries = samples(0, 5)
    await append(store, entries)
    assert.equal(store.leafCount(), 5)
    assert.deepEqual(await store.readLeaves(0, 5), concatBytes(...entries.map(merkleLeaf)))
    assert.deepEqual(await store.readLeaves(3, 4), merkleLeaf(entries[3] as Uint8Array))
    await store.putLeaves(1, new Uint8Array(2 * leafBytes).fill(9))
    const leaves = await store.readLeaves(0, 5)
    assert.deepEqual(leaves.subarray(leafBytes, 3 * leafBytes), new Uint8Array(2 * leafBytes).fill(9))
    assert.deepEqual(leaves.subarray(3 * leafBytes, 4 * leafBytes), merkleLeaf(entries[3] as Uint8Array))
  })

  on('the head is the last one put', async ({ store }) => {
    await store.putHead(fromUtf8('first'))
    await store.putHead(fromUtf8('the second head'))
    assert.deepEqual(await store.getHead(), fromUtf8('the second head'))
  })

  on('what the caller does to its buffers afterwards changes nothing', async ({ store }) => {
    const entry = fromUtf8('entry')
    const leaf = merkleLeaf(entry)
    const head = fromUtf8('head')
    await store.append([entry], [leaf])
    await store.putHead(head)
    for (const buffer of [entry, leaf, head]) buffer.fill(0)
    assert.deepEqual(await all(store, 0, 1), [{ index: 0, bytes: fromUtf8('entry') }])
    assert.deepEqual(await store.readLeaves(0, 1), merkleLeaf(fromUtf8('entry')))
    assert.deepEqual(await store.getHead(), fromUtf8('head'))
  })

  on('everything is there after a restart, and the numbers go on', async ({ store, reopen }) => {
    const entries = samples(0, 12)
    await append(store, entries.slice(0, 9))
    await store.putHead(fromUtf8('head'))
    const again = await reopen()
    assert.equal(again.size(), 9)
    assert.deepEqual(await again.getHead(), fromUtf8('head'))
    await append(again, entries.slice(9))
    assert.deepEqual(
      await all(again, 0, 12),
      entries.map((bytes, index) => ({ index, bytes })),
    )
    assert.equal(again.leafCount(), 12)
    assert.deepEqual(await again.damage(), [])
  })

  on('a read that began before an append ends well', async ({ store }) => {
    await append(store, samples(0, 3))
    const read: number[] = []
    for await (const { index } of store.read(0, 3)) {
      read.push(index)
      if (index === 0) await append(store, samples(3, 3))
    }
    assert.deepEqual(read, [0, 1, 2])
    assert.equal(store.size(), 6)
  })
}

async function append(store: LogStore, entries: readonly Uint8Array[]): Promise<void> {
  await store.append(entries, entries.map(merkleLeaf))
}

async function all(store: LogStore, from: number, to: number): Promise<StoredEntry[]> {
  const read: StoredEntry[] = []
  for await (const stored of store.read(from, to)) read.push(stored)
  return read
}

function samples(from: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => fromUtf8(`entry ${from + i} ${'x'.repeat((from + i) % 17)}`))
}
