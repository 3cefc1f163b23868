/**
 * Three hops of ours beside three of Debian's `tor`: a private network each, in a network namespace that leads nowhere, the
 * same origin, the same program, the same delay on each of a circuit's three links, in turns.
 * `npm run bench tor [-- --delay MS] [--size MB] [--rounds N]`. The delay is one way: 40 ms make a round trip of at least 240 ms.
 */
import { spawn } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { markdown, median, ratio } from './table.ts'
import { createTools, findProgram, processFacts } from './tools.ts'
import type { Contender } from './tor/contender.ts'
import { startOurs } from './tor/ours.ts'
import { firstByteMs, openOrigin, roundTripsMs, streamRate } from './tor/probe.ts'
import { startTor } from './tor/tor.ts'

const { values } = parseArgs({
  options: {
    delay: { type: 'string', default: '40' },
    size: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    trips: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
})
const inside = 'ANARQ_BENCH_NAMESPACE'
if (process.env[inside] === undefined) process.exit(await inNamespace())

type Result = {
  readonly firstByte: number[]
  readonly firstByteTls: number[]
  readonly roundTrip: number[]
  readonly whole: number[]
  readonly second: number[]
  readonly cpu: number[]
}

const tools = createTools()
const size = Number(values.size) * 1e6
const setting = { tools, delayMs: Number(values.delay) }
const origin = await openOrigin()
// At the port of TLS our door says yes before the exit does.
const tlsOrigin = await openOrigin(443)
const contenders = await start()
const results = contenders.map(
  (): Result => ({ firstByte: [], firstByteTls: [], roundTrip: [], whole: [], second: [], cpu: [] }),
)
// The first stream of each warms up what is compiled and what is built when it is asked for.
for (const { socksPort } of contenders) await streamRate(socksPort, origin, 4e6)
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const [at, contender] of contenders.entries()) await measure(contender, results[at] as Result)
report()
process.exit(0)

/** All over again, in a namespace with a loopback of its own and nothing else. A signal goes on to it: it takes all away that it started. */
function inNamespace(): Promise<number> {
  const script = 'ip link set lo up && exec "$0" "$@"'
  const own = ['-rn', 'sh', '-c', script, process.execPath, ...process.argv.slice(1)]
  const child = spawn('unshare', own, { stdio: 'inherit', env: { ...process.env, [inside]: '1' } })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void child.kill(signal))
  return new Promise((resolve) => {
    child.once('error', () => {
      console.error('unshare is not here: this benchmark needs Linux.')
      resolve(1)
    })
    child.once('close', (code) => resolve(code ?? 1))
  })
}

async function start(): Promise<Contender[]> {
  const started: Contender[] = []
  const program = findProgram('tor') ?? findProgram('/usr/sbin/tor')
  if (program === undefined || findProgram('tor-gencert') === undefined)
    console.error('tor is not here: its column is left out. On Debian: apt-get install tor')
  else if (values.only !== 'ours') started.push(await startTor({ ...setting, firstPort: 21_000 }, program))
  if (values.only !== 'tor') started.push(await startOurs({ ...setting, firstPort: 22_000 }))
  return started
}

async function measure({ socksPort, pids }: Contender, result: Result): Promise<void> {
  const trips = Number(values.trips)
  for (let i = 0; i < trips; i += 1) {
    result.firstByteTls.push(await firstByteMs(socksPort, tlsOrigin))
    result.firstByte.push(await firstByteMs(socksPort, origin))
  }
  result.roundTrip.push(...(await roundTripsMs(socksPort, origin, trips)))
  const beforeMs = cpuMs(pids)
  const { whole, second } = await streamRate(socksPort, origin, size)
  result.whole.push(whole)
  result.second.push(second)
  result.cpu.push(((cpuMs(pids) - beforeMs) / 1000 / size) * 1e8)
}

function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (processFacts(pid)?.cpuMs ?? 0), 0)
}

function report(): void {
  const [load = 0] = loadavg()
  console.log(
    `\n3 hops, ${values.delay} ms a link one way, ${values.size} MB a stream, medians of ${values.rounds} rounds, ` +
      `load ${load.toFixed(1)} on ${availableParallelism()} cores\n`,
  )
  const ours = contenders.findIndex(({ name }) => name === 'anarq')
  const tor = contenders.findIndex(({ name }) => name === 'Tor')
  const row = (name: string, of: (result: Result) => readonly number[], digits: number): string[] => {
    const medians = results.map((result) => median(of(result)))
    const ratios = ours < 0 || tor < 0 ? [] : [ratio(medians[ours], medians[tor])]
    return [name, ...medians.map((value) => value?.toFixed(digits) ?? ''), ...ratios]
  }
  console.log(
    markdown(
      ['', ...contenders.map(({ name }) => name), ...(contenders.length > 1 ? ['ours ÷ Tor'] : [])],
      [
        row('first byte at port 443, ms', ({ firstByteTls }) => firstByteTls, 0),
        row('first byte at another port, ms', ({ firstByte }) => firstByte, 0),
        row('round trip, ms', ({ roundTrip }) => roundTrip, 0),
        row('one stream, MB/s', ({ whole }) => whole, 2),
        row('its second half, MB/s', ({ second }) => second, 2),
        row('processor of client and relays, s a 100 MB', ({ cpu }) => cpu, 2),
      ],
    ),
  )
}
