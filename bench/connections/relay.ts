/**
 * The relay of `connections.bench.ts`. Where one process may not open as many descriptors as there are connections, several
 * share the port: the first accepts and deals them out in turn (node:cluster). Each line of its input is a request, answered
 * by one line for each process. The argument says how many processes.
 */
import cluster, { type Worker } from 'node:cluster'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { toHex } from '@anarq/bytes'
import { systemRandom } from '@anarq/random'

export type RelayFacts = {
  readonly pid: number
  readonly rss: number
  /** What JavaScript holds by itself, after a collection. */
  readonly own: number
  readonly cpuMs: number
  readonly links: number
  readonly sockets: number
}
export type RelayAddress = {
  readonly plain: number
  readonly links: number
  readonly keys: readonly [string, string]
  readonly pids: readonly number[]
}

const processes = Number(process.argv[2] ?? 1)
cluster.schedulingPolicy = cluster.SCHED_RR
cluster.setupPrimary({ exec: join(import.meta.dirname, 'relay-worker.ts') })
const seeds = [0, 1].map(() => toHex(systemRandom.bytes(32))).join(' ')
const workers = Array.from({ length: processes }, () => cluster.fork({ ANARQ_BENCH_SEEDS: seeds }))
const hear = (worker: Worker): Promise<RelayFacts & RelayAddress> =>
  new Promise((resolve) => worker.once('message', resolve))
const ready = await Promise.all(workers.map(hear))
const { plain, links, keys } = ready[0] as RelayAddress
const pids = [process.pid, ...workers.map((worker) => worker.process.pid as number)]
console.log(JSON.stringify({ plain, links, keys, pids } satisfies RelayAddress))
for await (const line of createInterface({ input: process.stdin })) {
  const answers = workers.map(hear)
  for (const worker of workers) worker.send(line)
  console.log(JSON.stringify(await Promise.all(answers)))
}
