/**
 * Contracts: every `View` passes `testView`, every `Heads` passes `testHeads`. And what tests of an index need:
 * keys and a light signer from a seed, records of files and folders.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { testDigest, testId } from './fixtures.ts'
import { type HeadRef, type Heads, headsKept } from './history/heads.ts'

export {
  type ChangeOptions,
  fileChange,
  folderChange,
  testDevice,
  testDigest,
  testId,
  testKeys,
  testRecord,
  testSigner,
  testVersion,
} from './fixtures.ts'
export type { OpenView } from './view-contract/claims.ts'
export { testView } from './view-contract/testing.ts'

/** A store to be tried, empty when it opens. `reopen`, for a store that lasts, closes it and opens it again. */
export type OpenHeads = () => Promise<{
  readonly heads: Heads
  reopen?(): Promise<Heads>
  close(): Promise<void>
}>

/** The tests that every implementation of `Heads` passes. Call it at the top of a test file. */
export function testHeads(name: string, open: OpenHeads): void {
  const [feed, other] = [testId('feed'), testId('other feed')]

  test(`${name}: an unknown feed has no heads`, async () => {
    await use(open, async (heads) => {
      assert.deepEqual(await heads.get(feed), [])
      assert.deepEqual(await heads.feeds(), [])
    })
  })

  test(`${name}: heads come back greatest sequence first, whatever the order they were put in`, async () => {
    await use(open, async (heads) => {
      for (const sequence of [2, 9, 1, 7]) await heads.put(feed, headAt(sequence))
      assert.deepEqual(plain(await heads.get(feed)), plain([9, 7, 2, 1].map((sequence) => headAt(sequence))))
    })
  })

  test(`${name}: two heads of one sequence, written apart, are both kept, in one order`, async () => {
    await use(open, async (heads) => {
      await heads.put(feed, headAt(5, 'a'))
      await heads.put(feed, headAt(5, 'b'))
      const first = plain(await heads.get(feed))
      assert.equal(first.length, 2)
      await heads.put(other, headAt(5, 'b'))
      await heads.put(other, headAt(5, 'a'))
      assert.deepEqual(plain(await heads.get(other)), first)
    })
  })

  test(`${name}: a head that is put twice is there once`, async () => {
    await use(open, async (heads) => {
      await heads.put(feed, headAt(3))
      await heads.put(feed, headAt(3))
      assert.deepEqual(plain(await heads.get(feed)), plain([headAt(3)]))
    })
  })

  test(`${name}: the last ${headsKept} heads are kept`, async () => {
    await use(open, async (heads) => {
      for (let sequence = 1; sequence <= headsKept + 4; sequence += 1) await heads.put(feed, headAt(sequence))
      const sequences = (await heads.get(feed)).map((head) => head.sequence)
      assert.deepEqual(
        sequences,
        Array.from({ length: headsKept }, (_, i) => headsKept + 4 - i),
      )
    })
  })

  test(`${name}: feeds do not see each other, and all are listed`, async () => {
    await use(open, async (heads) => {
      await heads.put(feed, headAt(1))
      await heads.put(other, headAt(2))
      await heads.put(other, headAt(3))
      assert.deepEqual(plain(await heads.get(feed)), plain([headAt(1)]))
      const feeds = (await heads.feeds()).map((one) => toHex(one))
      assert.deepEqual(feeds.sort(), [toHex(feed), toHex(other)].sort())
    })
  })

  test(`${name}: what was put is there after the store was closed and opened again`, async () => {
    const opened = await open()
    try {
      if (opened.reopen === undefined) return
      await opened.heads.put(feed, headAt(1))
      await opened.heads.put(feed, headAt(2))
      const again = await opened.reopen()
      assert.deepEqual(plain(await again.get(feed)), plain([headAt(2), headAt(1)]))
    } finally {
      await opened.close()
    }
  })
}

async function use(open: OpenHeads, claim: (heads: Heads) => Promise<void>): Promise<void> {
  const { heads, close } = await open()
  try {
    await claim(heads)
  } finally {
    await close()
  }
}

function headAt(sequence: number, name: string = ''): HeadRef {
  return { cid: cidOfDigest(rawCodec, testDigest(`${name}${sequence}`)), sequence }
}

function plain(heads: readonly HeadRef[]): { cid: string; sequence: number }[] {
  return heads.map(({ cid, sequence }) => ({ cid: cid.toString(), sequence }))
}
