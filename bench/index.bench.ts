/**
 * An index of one identity as it grows: to commit, to start with the saved view, and to start without it.
 *
 *   npm run bench index [-- --records=100000,1000000] [--huge] [--cpu]
 *
 * Blocks are in memory, so the figures are those of the index and the view alone. "Start to ready" is what a start
 * costs: open the index, open the sealed snapshot of the view, load it, and take in the last 1,000 changes. A cold
 * start fills the view from the trie. `--cpu` counts what the thread works instead of what the clock shows, for a
 * machine that does other things too. `--huge` adds 10,000,000 records, which take about 25 GB of memory.
 */
import { parseArgs } from 'node:util'
import { fromUtf8 } from '@anarq/bytes'
import { systemClock } from '@anarq/clock'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import {
  type Change,
  catchUp,
  createMemoryHeads,
  type FieldValue,
  fileKind,
  folderKind,
  openIndex,
  type QIndex,
  type View,
  versionField,
} from '@anarq/qindex'
import { testDevice, testDigest, testId, testKeys } from '@anarq/qindex/testing'
import { createSigner, hashBlake3, openBox, sealBox, verifySignature } from '@anarq/qlock'
import { createMemoryBlocks } from '@anarq/qnt'
import { systemRandom } from '@anarq/random'
import { createSqliteView } from '@anarq/sqlite'
import { markdown, ratio } from './table.ts'

const filesPerCommit = 10_000
const filesPerFolder = 50
const lastChanges = 1000
const composite = createSigner(hashBlake3(fromUtf8('bench')))
const signer = {
  did: 'did:squid:bench',
  sign: composite.sign,
  verify: (_did: string, _epoch: number, message: Uint8Array, signature: Uint8Array, context: string) =>
    verifySignature(composite.publicKey, message, signature, context),
}
const snapshotKey = hashBlake3(fromUtf8('snapshot'))
const context = 'bench view'

type Figures = ReadonlyMap<string, number>

async function measure(count: number): Promise<Figures> {
  const figures = new Map<string, number>()
  const timed = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const startedMs = nowMs()
    const result = await work()
    figures.set(name, (figures.get(name) ?? 0) + nowMs() - startedMs)
    return result
  }
  const [blocks, heads] = [createMemoryBlocks(), createMemoryHeads()]
  const open = () => openIndexOn(blocks, heads)
  const first = await open()
  for (let from = 0; from < count; from += filesPerCommit) {
    const changes = someChanges(from, Math.min(filesPerCommit, count - from))
    await timed('commits of 10,000, together', () => first.commit(changes))
  }
  const old = createSqliteView()
  await timed('cold start: fill the view', () => catchUp(old, first))
  await timed('cold start: first question', () => old.children(null))
  await timed('cold start: first search', () => old.search({ text: 'warm' }))
  const sealed = await timed('save: snapshot and seal', () =>
    sealBox(snapshotKey, old.snapshot(), { context, random: systemRandom }),
  )
  figures.set('sealed snapshot, MiB', sealed.length / 2 ** 20)
  old.close()
  await first.commit(someChanges(count, lastChanges))
  await first.close()

  const index = await timed('start to ready: open the index', open)
  const view = createSqliteView()
  await timed('start to ready: load the view', () => load(view, sealed))
  await timed(`start to ready: take in ${lastChanges.toLocaleString('en')}`, () => catchUp(view, index))
  await timed('start to ready: first question', () => view.children(null))
  await timed('then: first search', () => view.search({ text: 'holiday' }))
  if (view.count() !== count + lastChanges) throw new Error(`${view.count()} records are there`)
  view.close()
  await index.close()
  sumUp(figures, 'start to ready')
  sumUp(figures, 'cold start')
  return figures
}

function openIndexOn(
  blocks: ReturnType<typeof createMemoryBlocks>,
  heads: ReturnType<typeof createMemoryHeads>,
): Promise<QIndex> {
  const keys = testKeys('bench')
  const device = testDevice('bench')
  return openIndex({ blocks, heads, keys, signer, clock: systemClock, random: systemRandom, device })
}

function load(view: View, sealed: Uint8Array): void {
  const bytes = openBox(snapshotKey, sealed, { context })
  if (bytes === undefined || !view.load?.(bytes)) throw new Error('the snapshot was not taken')
}

/** One thing in fifty is a folder; each lies in one that was made before. */
function someChanges(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, i) => changeAt(from + i))
}

function changeAt(at: number): Change {
  const folders = Math.ceil(at / filesPerFolder)
  const parent = folders === 0 ? null : testId(`folder ${(at * 7919) % folders}`)
  const modifiedMs = Date.UTC(2024, 0, 1) + ((at * 7919) % 50_000_000) * 1000
  if (at % filesPerFolder === 0) {
    const name = `folder ${at / filesPerFolder}`
    return { id: testId(name), kind: folderKind, set: { name, parent, modifiedMs } }
  }
  const [cid, type] = [cidOfDigest(cborCodec, testDigest(at)), at % 2 === 0 ? 'image/jpeg' : 'text/plain']
  const version = {
    cid,
    bytes: at,
    storedBytes: at,
    modifiedMs,
    savedMs: modifiedMs,
    type,
    root: testDigest(0),
  }
  const set: Record<string, FieldValue> = {
    name: `holiday photo ${at}.jpg`,
    parent,
    type,
    bytes: at,
    modifiedMs,
    createdMs: modifiedMs,
    mode: 420,
    [versionField(1, cid)]: version as FieldValue,
    [`tag/tag ${at % 100}`]: true,
  }
  return { id: testId(at), kind: fileKind, set }
}

function nowMs(): number {
  if (!values.cpu) return performance.now()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function sumUp(figures: Map<string, number>, name: string): void {
  let sum = 0
  for (const [step, ms] of figures) if (step.startsWith(`${name}: `)) sum += ms
  figures.set(name, sum)
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000,1000000' },
    huge: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
  },
})
const sizes = [...values.records.split(',').map(Number), ...(values.huge ? [10_000_000] : [])]
// One run that is not shown, so that the first one shown is as warm as the others.
await measure(10_000)
const measured: Figures[] = []
for (const size of sizes) measured.push(await measure(size))
const header = sizes.flatMap((size, i) => {
  const records = size.toLocaleString('en')
  return i === 0 ? [records] : [records, `${size / (sizes[i - 1] as number)}× is`]
})
const rows = [...(measured[0]?.keys() ?? [])].map((name) => [
  name,
  ...measured.flatMap((figures, i) => {
    const figure = figures.get(name) ?? 0
    return i === 0 ? [figure.toFixed(1)] : [figure.toFixed(1), ratio(figure, measured[i - 1]?.get(name))]
  }),
])
console.log(markdown([values.cpu ? 'CPU ms' : 'ms', ...header], rows))
