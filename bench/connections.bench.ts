/**
 * A relay with many open connections: what it holds for each while nobody speaks, what a handshake costs it, and whether it
 * still answers. `npm run bench connections [-- --links N] [--idle SECONDS] [--pace LINKS A SECOND] [--heap FILE]`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { ClientFacts } from './connections/client.ts'
import type { RelayAddress, RelayFacts } from './connections/relay.ts'
import { markdown, median } from './table.ts'
import { processFacts } from './tools.ts'

const { values } = parseArgs({
  options: {
    links: { type: 'string', default: '5000' },
    idle: { type: 'string', default: '45' },
    pace: { type: 'string', default: '1000' },
    heap: { type: 'string' },
  },
})
const links = Number(values.links)
/** Besides connections a process has descriptors of its own. */
const otherDescriptors = 200
const linksPerAddress = 64

const limit = descriptors(links + otherDescriptors)
const perProcess = limit - otherDescriptors
const processes = Math.ceil(links / perProcess)
const folder = join(import.meta.dirname, 'connections')
const children: ChildProcess[] = []
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const relay = start('relay.ts', [String(processes)])
const address = (await relay.line()) as RelayAddress
const share = Math.ceil(links / processes)
const clients = Array.from({ length: processes }, (_, at) =>
  start('client.ts', [
    JSON.stringify(address),
    String(at * Math.ceil(share / linksPerAddress)),
    String(Math.min(share, links - at * share)),
  ]),
)
await Promise.all(clients.map((client) => client.line()))

const said = `${links.toLocaleString('en')} connections of ${processes} client process${processes === 1 ? '' : 'es'} to ${processes} of the relay's`
console.log(`${said} (${limit.toLocaleString('en')} descriptors a process)`)
const empty = await relayFacts()
await everyClient('plain')
await settled('sockets')
const plain = await relayFacts()
await everyClient('unplain')
await settled('sockets', 0)
const before = await relayFacts()
const startedMs = performance.now()
const dialled = await everyClient(`links ${Number(values.pace) / processes}`)
await settled('links')
const rampMs = performance.now() - startedMs
const opened = await relayFacts()
console.log(
  `opened at ${((links / rampMs) * 1000).toFixed(0)} a second, load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`,
)
await new Promise((resolve) => setTimeout(resolve, Number(values.idle) * 1000))
const resident = residentBytes()
const idle = await relayFacts()
const answers = (await everyClient(`trips ${Math.ceil(200 / processes)}`)).flatMap(({ trips }) => trips)
const after = await relayFacts()
if (values.heap !== undefined) await relay.ask(`heap ${values.heap}`)
report()
process.exit(0)

function report(): void {
  const each = (bytes: number): string => `${(bytes / (idle.links || links) / 1024).toFixed(2)} KiB`
  const sockets = { rss: plain.rss - empty.rss, own: plain.own - empty.own }
  // Memory that the sockets before have left behind is not taken off.
  const all = { rss: idle.rss - empty.rss, own: idle.own - before.own }
  console.log()
  console.log(
    markdown(
      ['one idle connection, at the relay', 'resident', "JavaScript's own"],
      [
        ['plain TCP', each(sockets.rss), each(sockets.own)],
        ['link over TCP', each(all.rss), each(all.own)],
        ['the difference (goal: under 6 KB)', each(all.rss - sockets.rss), each(all.own - sockets.own)],
      ],
    ),
  )
  const relayMs = (opened.cpuMs - before.cpuMs) / links
  const clientMs = dialled.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / links
  const idleShare = (idle.cpuMs - opened.cpuMs) / (Number(values.idle) * 1000)
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
  console.log()
  console.log(
    markdown(
      ['the relay', ''],
      [
        ['links open, links after being used', `${idle.links}, ${after.links}`],
        ['resident, all its processes, as they stood', mib(resident)],
        ['the same after a collection (goal: under 2 GB)', mib(idle.rss + primaryBytes())],
        ['of it before the first connection', mib(empty.rss + primaryBytes())],
        ['handshakes a second and core, relay', (1000 / relayMs).toFixed(0)],
        ['handshakes a second and core, client with new keys', (1000 / clientMs).toFixed(0)],
        ['processor while all are idle', `${(100 * idleShare).toFixed(1)} % of a core`],
        ['a message and its answer over an idle link, median', `${median(answers)?.toFixed(1)} ms`],
        ['the slowest of them', `${Math.max(...answers).toFixed(1)} ms of ${answers.length}`],
      ],
    ),
  )
}

type Sum = { rss: number; own: number; cpuMs: number; links: number; sockets: number }

async function relayFacts(request = 'memory'): Promise<Sum> {
  const sum: Sum = { rss: 0, own: 0, cpuMs: 0, links: 0, sockets: 0 }
  for (const facts of (await relay.ask(request)) as RelayFacts[])
    for (const key of Object.keys(sum) as (keyof Sum)[]) sum[key] += facts[key]
  return sum
}

/** Until the relay has as many as there should be, or some seconds have passed: the table says how many there are. */
async function settled(what: 'links' | 'sockets', wanted: number = links): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    const facts = await relayFacts('count')
    if (facts[what] === wanted) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  console.error(`The relay does not come to ${wanted} ${what}.`)
}

function residentBytes(): number {
  return address.pids.reduce((sum, pid) => sum + (processFacts(pid)?.residentBytes ?? 0), 0)
}

/** Of the process that deals connections out. */
function primaryBytes(): number {
  return processFacts(address.pids[0] as number)?.residentBytes ?? 0
}

async function everyClient(request: string): Promise<ClientFacts[]> {
  return (await Promise.all(clients.map((client) => client.ask(request)))) as ClientFacts[]
}

type Child = { line(): Promise<unknown>; ask(request: string): Promise<unknown> }

function start(file: string, args: readonly string[]): Child {
  const script = `ulimit -n ${limit} 2>/dev/null; exec "$0" "$@"`
  const own = ['--expose-gc', '--disable-warning=ExperimentalWarning', join(folder, file), ...args]
  const child = spawn('sh', ['-c', script, process.execPath, ...own], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  child.once('exit', (code) => {
    if (code !== 0) {
      console.error(`${file} ended with ${code}.`)
      process.exit(1)
    }
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<unknown> => {
    const { value } = await lines.next()
    return value === 'ready' ? undefined : JSON.parse(value as string)
  }
  return {
    line,
    ask(request) {
      child.stdin?.write(`${request}\n`)
      return line()
    },
  }
}

/** What a process may open: what is wanted, where the system lets it be raised, or else as much as there is. */
function descriptors(wanted: number): number {
  const script = `ulimit -n ${wanted} 2>/dev/null || ulimit -n $(ulimit -H -n) 2>/dev/null; ulimit -n`
  const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  const found = Number(stdout.trim())
  return Number.isFinite(found) ? found : wanted
}
