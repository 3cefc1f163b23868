/**
 * One identity's index as it grows: what a commit costs, how long a node takes to start, and how long searches take.
 *
 *   npm run bench index [-- --records=100000,1000000] [--huge]
 *
 * The home is a real one on the disk, made by `anarq init`; its index is filled in this process, in 20 commits, with records as
 * files have them, but without their contents. Then `anarq up` starts on it: first without a saved search index, then with
 * one, and is asked through its socket. "Ready" is when it says so: unlocked, its index open, its doors open. Each figure
 * is that of the clock, and beside it the processor time of all threads of the process that does it, for a machine that does
 * other things too. `--huge` adds 10,000,000 records, which take hours and some 20 GB of memory.
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '@anarq/clock'
import { unwrap } from '@anarq/fault'
import { reachNode } from '@anarq/http/client'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import { openPacks } from '@anarq/packs'
import {
  type Change,
  type FieldValue,
  fileKind,
  folderKind,
  openIndex,
  type QIndex,
  versionField,
} from '@anarq/qindex'
import { testDevice, testDigest, testId } from '@anarq/qindex/testing'
import { verifySignature } from '@anarq/qlock'
import { systemRandom } from '@anarq/random'
import { createDevice, recoverKeyring } from '@anarq/squid'
import { type AnarqHome, createAnarq } from './data-path/anarq.ts'
import { describeLoad, describeMachine } from './data-path/machine.ts'
import { diskBytes } from './data-path/store.ts'
import { markdown, ratio } from './table.ts'
import { createTools, processFacts, type Service } from './tools.ts'

const commits = 20
const lastChanges = 1000
const filesPerFolder = 50
const searches = 100
const words = 'beach summer report invoice draft final music song scan letter contract family'.split(' ')

/** What the clock says, and processor time; or one number of something else. */
type Figure = { readonly ms: number; readonly cpuMs: number } | { readonly mib: number }
type Figures = Map<string, Figure>

const tools = createTools()
const anarq = await createAnarq(tools)

async function measure(count: number): Promise<Figures> {
  const figures: Figures = new Map()
  const home = await anarq.openHome(join(tools.folder, `home-${count}`))
  await fill(home, count, figures)
  const first = await start(home, 'first start, without a saved search index', figures)
  await firstSearch(home, first, 'its first search, which lists all words', figures)
  await stop(first, 'stop, which saves the search index', figures)
  const service = await start(home, 'start to ready', figures)
  await firstSearch(home, service, 'the first search after it', figures)
  const memory = processFacts(service.pid)
  figures.set('memory after that', { mib: (memory?.residentBytes ?? 0) / 2 ** 20 })
  figures.set('most memory up to then', { mib: (memory?.peakBytes ?? 0) / 2 ** 20 })
  await ask(home, service, count, figures)
  await service.stop()
  await commandAlone(home, 'a command alone: find', figures, 'find', 'holiday')
  const file = join(tools.folder, `one-${count}`)
  await writeFile(file, `one more than ${count}`)
  await commandAlone(home, 'a command alone: put one small file', figures, 'put', file)
  figures.set('on the disk', { mib: (await diskBytes(home.folder)) / 2 ** 20 })
  await rm(home.folder, { recursive: true })
  return figures
}

/** As another device of the same person would have, whose blocks are here. */
async function fill({ folder, words: theirs }: AnarqHome, count: number, figures: Figures): Promise<void> {
  const [clock, random] = [systemClock, systemRandom]
  const keyring = unwrap(recoverKeyring(theirs, { device: createDevice('bench', random), clock, random }))
  using identity = keyring.open(keyring.current())
  const { signer, secrets, did } = identity
  const packs = await openPacks({
    directory: join(folder, 'blocks'),
    onFault: (fault) => console.error(fault),
  })
  const index = await openIndex({
    blocks: packs.blocks,
    heads: packs.heads,
    keys: { index: secrets.index, feed: secrets.feed, epoch: 0, indexOf: () => secrets.index },
    signer: {
      did,
      sign: signer.sign,
      verify: (_did, _epoch, message, signature, context) =>
        verifySignature(signer.publicKey, message, signature, context),
    },
    device: testDevice('bench'),
    clock,
    random,
  })
  const each = Math.ceil(count / commits)
  for (let from = 0; from < count; from += each)
    await index.commit(changesFrom(from, Math.min(each, count - from)))
  const changes = changesFrom(count, lastChanges)
  await timed(`a commit of ${lastChanges.toLocaleString('en')} more`, figures, () => commit(index, changes))
  await index.close()
  await packs.close()
}

async function commit(index: QIndex, changes: readonly Change[]): Promise<void> {
  await index.commit(changes)
}

async function start(home: AnarqHome, name: string, figures: Figures): Promise<Service> {
  const startedMs = performance.now()
  const service = await home.up([], { readyMsMax: waitMsMax })
  const cpuMs = processFacts(service.pid)?.cpuMs ?? 0
  figures.set(name, { ms: performance.now() - startedMs, cpuMs })
  return service
}

async function stop(service: Service, name: string, figures: Figures): Promise<void> {
  const [startedMs, cpuMs] = [performance.now(), processFacts(service.pid)?.cpuMs ?? 0]
  let last = cpuMs
  const watch = setInterval(() => {
    last = processFacts(service.pid)?.cpuMs ?? last
  }, 10)
  await service.stop({ endMsMax: waitMsMax })
  clearInterval(watch)
  figures.set(name, { ms: performance.now() - startedMs, cpuMs: last - cpuMs })
}

async function commandAlone(
  home: AnarqHome,
  name: string,
  figures: Figures,
  ...args: readonly string[]
): Promise<void> {
  const { wallMs, cpuMs = 0 } = await home.command(...args)
  figures.set(name, { ms: wallMs, cpuMs })
}

async function firstSearch(
  { folder }: AnarqHome,
  { pid }: Service,
  name: string,
  figures: Figures,
): Promise<void> {
  const reached = await reachNode(folder)
  const [startedMs, cpuMs] = [performance.now(), processFacts(pid)?.cpuMs ?? 0]
  await reached?.operations.drive.find({ text: 'holiday', limit: 50 })
  figures.set(name, { ms: performance.now() - startedMs, cpuMs: (processFacts(pid)?.cpuMs ?? 0) - cpuMs })
  await reached?.close()
}

/** Through the socket, as a command asks a node. */
async function ask({ folder }: AnarqHome, { pid }: Service, count: number, figures: Figures): Promise<void> {
  const reached = await reachNode(folder)
  if (reached === undefined) throw new Error('the node does not answer')
  const { find } = reached.operations.drive
  const cpuMs = (): number => processFacts(pid)?.cpuMs ?? 0
  const search = async (text: string): Promise<number> => {
    const startedMs = performance.now()
    const found = await find({ text, limit: 50 })
    if (found.length === 0) throw new Error(`"${text}" was not found`)
    return performance.now() - startedMs
  }
  for (const [name, textOf] of texts) {
    for (let at = 0; at < 5; at += 1) await search(textOf(at, count))
    const cpuBefore = cpuMs()
    const times: number[] = []
    for (let at = 0; at < searches; at += 1) times.push(await search(textOf(at, count)))
    times.sort((a, b) => a - b)
    const p95 = times[Math.floor(0.95 * (times.length - 1))] as number
    figures.set(`search, p95 (CPU: mean): ${name}`, { ms: p95, cpuMs: (cpuMs() - cpuBefore) / searches })
  }
  await reached.close()
}

const texts: readonly [string, (at: number, count: number) => string][] = [
  ['one letter', (at) => 'bhmst1'[at % 6] as string],
  ['a common word', () => 'holiday'],
  ['a word in one of twelve', (at) => words[at % words.length] as string],
  ['two words', (at) => `holiday ${words[at % words.length]}`],
  ['a rare word', (at, count) => `zebra${(at * 1000) % count}`],
]

/** One thing in fifty is a folder; each lies in one that was made before. */
function changesFrom(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, i) => changeAt(from + i))
}

function changeAt(at: number): Change {
  const folders = Math.ceil(at / filesPerFolder)
  const parent = folders === 0 ? null : testId(`folder ${(at * 7919) % folders}`)
  const modifiedMs = Date.UTC(2024, 0, 1) + ((at * 7919) % 50_000_000) * 1000
  if (at % filesPerFolder === 0) {
    const name = `folder ${at / filesPerFolder}${at % 1000 === 0 ? ` zebra${at}` : ''}`
    return { id: testId(name), kind: folderKind, set: { name, parent, modifiedMs } }
  }
  const [cid, type] = [cidOfDigest(cborCodec, testDigest(at)), at % 2 === 0 ? 'image/jpeg' : 'text/plain']
  const sizes = { bytes: at, storedBytes: at }
  const version = { cid, ...sizes, modifiedMs, savedMs: modifiedMs, type, root: testDigest(0) }
  const set: Record<string, FieldValue> = {
    name: `holiday ${words[at % words.length]} ${at}.jpg`,
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

async function timed(name: string, figures: Figures, work: () => Promise<void>): Promise<void> {
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  figures.set(name, { ms: performance.now() - startedMs, cpuMs: (user + system) / 1000 })
}

function shown(figure: Figure | undefined): [string, string] {
  if (figure === undefined) return ['', '']
  if ('mib' in figure) return [`${figure.mib.toFixed(0)} MiB`, '']
  return [`${figure.ms.toFixed(1)} ms`, `${figure.cpuMs.toFixed(1)} ms`]
}

/** What can be compared with another size on a busy machine: processor time, where there is any. */
function weight(figure: Figure | undefined): number | undefined {
  return figure && ('mib' in figure ? figure.mib : figure.cpuMs)
}

function tableOf(all: readonly number[], figures: readonly Figures[]): string {
  const header = figures.flatMap((_, i) => {
    const records = [`${(all[i] as number).toLocaleString('en')} records`, 'CPU']
    return i === 0 ? records : [...records, `growth at ${(all[i] as number) / (all[i - 1] as number)}×`]
  })
  const rows = [...(figures[0]?.keys() ?? [])].map((name) => [
    name,
    ...figures.flatMap((of, i) => {
      const figure = of.get(name)
      const cells = shown(figure)
      return i === 0 ? cells : [...cells, ratio(weight(figure), weight(figures[i - 1]?.get(name)))]
    }),
  ])
  return markdown(['', ...header], rows)
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000,1000000' },
    huge: { type: 'boolean', default: false },
  },
})
const waitMsMax = 20 * 60_000
const sizes = [...values.records.split(',').map(Number), ...(values.huge ? [10_000_000] : [])]
for (const line of describeMachine()) console.log(`- ${line}`)
const measured: Figures[] = []
for (const size of sizes) {
  measured.push(await measure(size))
  // The next size may take long, or more than there is.
  console.log(`- Load then: ${describeLoad()}\n\n${tableOf(sizes, measured)}\n`)
}
