import { fromUtf8 } from '@anarq/bytes'
import { systemClock } from '@anarq/clock'
import {
  type Change,
  catchUp,
  createMemoryHeads,
  createMemoryView,
  openIndex,
  type QIndex,
} from '@anarq/qindex'
import { fileChange, testDevice, testId, testKeys } from '@anarq/qindex/testing'
import { createSigner, hashBlake3, verifySignature } from '@anarq/qlock'
import { createMemoryBlocks } from '@anarq/qnt'
import { systemRandom } from '@anarq/random'

/** What the index costs: commits, loading, differences, joining two devices, searching. Blocks are in memory. */
const composite = createSigner(hashBlake3(fromUtf8('bench')))
const did = 'did:squid:bench'
const signer = {
  did,
  sign: composite.sign,
  verify: (_did: string, _epoch: number, message: Uint8Array, signature: Uint8Array, context: string) =>
    verifySignature(composite.publicKey, message, signature, context),
}
const blocks = createMemoryBlocks()

await timed('commit 10,000 into an empty index', async () => commitFiles(await open('warm'), 0, 10_000))
const index = await open('a')
await timed('commit 100,000 into an empty index', () => commitFiles(index, 0, 100_000))
for (let round = 0; round < 3; round += 1) {
  await timed('commit 1 into 100,000', () => commitFiles(index, 200_000 + round, 1))
  await timed('commit 1,000 into 100,000', () => commitFiles(index, 300_000 + round * 1000, 1000))
}
const before = index.head()?.root
await timed('commit 10,000 into 100,000', () => commitFiles(index, 400_000, 10_000))
await timed('differences of that commit', () => drain(index.changesSince(before)))

const reopened = await open('a', index)
await timed('load 100,000 from sealed blocks', () => drain(reopened.records()))
const view = createMemoryView()
await timed('load 100,000 into the memory view', () => catchUp(view, reopened))
for (const query of [
  { text: 'holiday 4711' },
  { tag: 'tag 7' },
  { type: 'image/*', order: 'time' as const },
]) {
  await timed(`search ${JSON.stringify(query)}`, async () => view.search({ ...query, limit: 50 }).length)
}
const other = await open('b', index)
await commitFiles(other, 500_000, 1000)
await commitFiles(index, 600_000, 1000)
await timed('join two devices, 1,000 new records each', async () => {
  const theirs = other.head()
  if (theirs !== undefined) await index.merge(theirs.cid)
  return index.head()?.count
})
await timed('verify 100,000', async () => (await index.verify(console.error)).records)

async function open(device: string, like?: QIndex): Promise<QIndex> {
  const heads = createMemoryHeads()
  const keys = testKeys('bench')
  const head = like?.head()
  if (head !== undefined) await heads.put(keys.feed, head)
  return openIndex({
    blocks,
    heads,
    keys,
    signer,
    clock: systemClock,
    random: systemRandom,
    device: testDevice(device),
  })
}

async function commitFiles(into: QIndex, from: number, count: number): Promise<number | undefined> {
  const changes: Change[] = []
  for (let i = from; i < from + count; i += 1) {
    const set = { type: i % 2 ? 'image/jpeg' : 'text/plain', [`tag/tag ${i % 100}`]: true, mode: 420 }
    changes.push(fileChange(`holiday photo ${i}.jpg`, { parent: testId(i % 50), set }))
  }
  const started = process.cpuUsage()
  const info = await into.commit(changes)
  const { user, system } = process.cpuUsage(started)
  console.log(`    ${((user + system) / 1000).toFixed(1)} ms CPU in commit()`)
  return info.count
}

async function drain(records: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of records) count += 1
  return count
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now()
  const result = await work()
  console.log(`${what.padEnd(50)} ${(performance.now() - startedMs).toFixed(1).padStart(9)} ms   ${result}`)
}
