/**
 * The SQLite view of an index: how long it takes to fill, to search, to save and to load, and what it weighs.
 *
 *   npm run bench view [-- --records=100000,1000000] [--huge] [--cpu]
 *
 * `--huge` adds 10,000,000 records, which take half an hour and 6 GB of memory. "CPU" is that of the thread that works; on a
 * machine that does other things too it says more than the clock. With `--cpu`, single questions and searches are measured so too.
 */
import { parseArgs } from 'node:util'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import { type FieldValue, fileKind, type IndexRecord, type Query, versionField } from '@anarq/qindex'
import { folderChange, testDigest, testId, testRecord } from '@anarq/qindex/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { createSqliteView, type SqliteView } from '@anarq/sqlite'
import { markdown } from './table.ts'

const recordsPerApply = 10_000
const filesPerFolder = 25
const rounds = 60
const dayMs = 86_400_000
const startMs = Date.UTC(2022, 0, 1)
const spanMs = 4 * 365 * dayMs
const words =
  'beach summer report invoice draft final music song scan letter contract family house garden travel paris london tokyo notes meeting project budget plan recipe school history art video archive copy'.split(
    ' ',
  )
const types = ['image/jpeg', 'image/png', 'text/plain', 'application/pdf', 'audio/mpeg', 'video/mp4']

type Below = (limit: number) => number
type Step = (name: string, work: () => unknown) => void

function measure(count: number): void {
  const rows: string[][] = []
  const step: Step = (name, work) => {
    const [wallMs, cpuMs] = timed(work)
    rows.push([name, wallMs.toFixed(1), cpuMs.toFixed(0)])
  }
  const view = createSqliteView()
  rows.push([`apply, ${recordsPerApply.toLocaleString('en')} at a time`, ...fill(view, count)])
  step('first question: folders and names', () => view.children(null))
  step('first search: words', () => view.search({ text: 'warm' }))
  const more = someRecords(count, 10_000)
  step('apply 10,000 more', () => view.apply(more, testDigest('more')))
  step('the question after it', () => view.children(null))
  step('the search after it', () => view.search({ text: 'warm' }))
  const saved = view.isWorthSaving() ? saveAndLoad(view, step) : undefined
  const { loaded, bytes } = saved ?? { loaded: view, bytes: undefined }
  const size =
    bytes === undefined
      ? 'more than is saved'
      : `${(bytes / 2 ** 20).toFixed(0)} MiB, ${(bytes / (count + more.length)).toFixed(0)} bytes a record`
  console.log(`\n## ${count.toLocaleString('en')} records: ${size}\n`)
  console.log(markdown(['step', 'ms', 'CPU ms'], rows))
  console.log(`\n${markdown(['one of many', values.cpu ? 'CPU µs' : 'µs'], smallQuestions(loaded, more))}`)
  console.log(
    `\n${markdown(['search, limit 50', `p50 ${unit}`, `p95 ${unit}`, `most ${unit}`, 'found'], searches(loaded))}`,
  )
  loaded.close()
}

/** One of them at a time: of a million records each takes half a gigabyte. */
function saveAndLoad(view: SqliteView, step: Step): { loaded: SqliteView; bytes: number } {
  let saved: Uint8Array = new Uint8Array(0)
  step('snapshot', () => {
    saved = view.snapshot()
  })
  view.close()
  const loaded = createSqliteView()
  step('load', () => loaded.load(saved))
  return { loaded, bytes: saved.length }
}

/** Half of the files are photos; a name holds a word and a number, the texts of every third file some words. */
function someRecords(from: number, count: number): IndexRecord[] {
  const below = createBelow(from + 1)
  return Array.from({ length: count }, (_, i) => recordAt(from + i, below))
}

function recordAt(at: number, below: Below): IndexRecord {
  const folders = Math.ceil(at / filesPerFolder)
  const parent = folders === 0 ? null : testId(`folder ${below(folders)}`)
  if (at % filesPerFolder === 0) {
    const set = { modifiedMs: startMs + below(spanMs / 1000) * 1000 }
    return testRecord(folderChange(`folder ${at / filesPerFolder}`, { parent, set }), 1 + at)
  }
  const word = () => words[below(words.length)] as string
  const rare = at % 1000 === 1 ? ` zebra${at}` : ''
  const name = `${at % 2 === 0 ? 'holiday' : word()} ${word()}${rare} IMG_${at}.jpg`
  const [type, bytes] = [types[below(types.length)] as string, below(10_000_000)]
  const modifiedMs = startMs + below(spanMs / 1000) * 1000
  const [cid, root] = [cidOfDigest(cborCodec, testDigest(at)), testDigest('body')]
  const version = { cid, bytes, storedBytes: bytes, modifiedMs, savedMs: modifiedMs, type, root }
  const set: Record<string, FieldValue> = {
    name,
    parent,
    type,
    bytes,
    modifiedMs,
    createdMs: modifiedMs,
    owner: `did:example:${below(200)}`,
    [versionField(1, cid)]: version as FieldValue,
    [`tag/${below(4) === 0 ? 'red' : `tag ${below(500)}`}`]: true,
    ...(at % 3 === 0 && { words: Array.from({ length: 8 }, word).join(' ') }),
  }
  return testRecord({ id: testId(at), kind: fileKind, set }, 1 + at)
}

function fill(view: SqliteView, count: number): [string, string] {
  let [wallMs, cpuMs] = [0, 0]
  for (let from = 0; from < count; from += recordsPerApply) {
    const records = someRecords(from, Math.min(recordsPerApply, count - from))
    const [wall, cpu] = timed(() => view.apply(records, testDigest(from)))
    wallMs += wall
    cpuMs += cpu
  }
  return [wallMs.toFixed(1), cpuMs.toFixed(0)]
}

/** What a put of many files asks for each of them. */
function smallQuestions(view: SqliteView, records: readonly IndexRecord[]): string[][] {
  const entries = records.map(({ id }) => view.entry(id)).filter((entry) => entry !== undefined)
  const each = (name: string, work: (entry: (typeof entries)[number]) => unknown) => {
    const ms = timed(() => entries.map(work))[shown]
    return [name, ((ms * 1000) / entries.length).toFixed(1)]
  }
  return [
    each('entry', ({ id }) => view.entry(id)),
    each('childByName that is there', ({ parent, name }) => view.childByName(parent ?? null, name)),
    each('childByName that is not', ({ parent, name }) => view.childByName(parent ?? null, `${name} `)),
    each('children of a folder, 100 a page', ({ parent }) => view.children(parent ?? null)),
  ]
}

const queries: readonly [string, (below: Below) => Query][] = [
  ['name prefix, one letter', (below) => ({ text: 'hipzt1'[below(6)] as string })],
  [
    'name prefix, three letters',
    (below) => ({ text: ['hol', 'bea', 'vid', 'img', 'zeb'][below(5)] as string }),
  ],
  ['rare word', (below) => ({ text: `zebra${below(100) * 1000 + 1}` })],
  ['word in half of the names', () => ({ text: 'holiday' })],
  ['word in a twentieth of them', (below) => ({ text: words[below(words.length)] as string })],
  ['two common words', (below) => ({ text: `holiday ${words[below(words.length)]}` })],
  ['two less common words', (below) => ({ text: `${words[below(15)]} ${words[15 + below(15)]}` })],
  ['tag, one in four', () => ({ tag: 'red' })],
  ['tag, rare', (below) => ({ tag: `tag ${below(500)}` })],
  ['type', (below) => ({ type: types[below(types.length)] as string })],
  ['family of types, newest', () => ({ type: 'image/*', order: 'time' })],
  ['owner', (below) => ({ owner: `did:example:${below(200)}` })],
  ['a day', (below) => timeWindow(below, dayMs)],
  ['a year, newest', (below) => ({ ...timeWindow(below, 365 * dayMs), order: 'time' })],
  ['common word, tag', () => ({ text: 'holiday', tag: 'red' })],
  [
    'common word, type, a month',
    (below) => ({ text: 'holiday', type: 'image/*', ...timeWindow(below, 30 * dayMs) }),
  ],
  [
    'word, tag, type, owner',
    (below) => ({ text: 'beach', tag: 'red', type: 'image/*', owner: `did:example:${below(200)}` }),
  ],
  [
    'type, owner, largest',
    (below) => ({ type: 'image/jpeg', owner: `did:example:${below(200)}`, order: 'size' }),
  ],
  ['everything, by name', () => ({})],
  ['everything, largest', () => ({ order: 'size' })],
  ['not in the trash, newest', () => ({ isTrashed: false, order: 'time' })],
]

function searches(view: SqliteView): string[][] {
  const below = createBelow(2)
  return queries.map(([name, query]) => {
    view.search({ ...query(below), limit: 50 })
    let found = 0
    const times = Array.from({ length: rounds }, () => {
      const asked = { ...query(below), limit: 50 }
      return timed(() => {
        found += view.search(asked).length
      })[shown]
    }).sort((a, b) => a - b)
    const at = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(2)
    return [name, at(0.5), at(0.95), at(1), (found / rounds).toFixed(0)]
  })
}

function timeWindow(below: Below, lengthMs: number): Query {
  const from = startMs + below((spanMs - lengthMs) / 1000) * 1000
  return { from, to: from + lengthMs }
}

function timed(work: () => unknown): [wallMs: number, cpuMs: number] {
  const [wallMs, cpu] = [performance.now(), process.threadCpuUsage()]
  work()
  const { user, system } = process.threadCpuUsage(cpu)
  return [performance.now() - wallMs, (user + system) / 1000]
}

function createBelow(seed: number): Below {
  const random = createSeededRandom(seed)
  return (limit) => new DataView(random.bytes(4).buffer).getUint32(0) % limit
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000,1000000' },
    huge: { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
  },
})
/** Of what `timed` gives, for the tables of many. */
const shown = values.cpu ? 1 : 0
const unit = values.cpu ? 'CPU ms' : 'ms'
const sizes = [...values.records.split(',').map(Number), ...(values.huge ? [10_000_000] : [])]
for (const count of sizes) measure(count)
