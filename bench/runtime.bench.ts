/**
 * What a backend costs: `npm run bench runtime`. Start, memory of an idle one, and the way of a call across the sandbox and back, on
 * the product's engine. The goal is a median below 1 ms for a call.
 */
import { createQuickjs } from '@anarq/quickjs'
import { type Backend, createRuntime, type Host } from '@anarq/runtime'
import { median } from './table.ts'

const backendsMax = 20
const callsMax = 2000
const callGoalMs = 1

const main = `export default {
  async request(request, anarq) {
    if (request.path === '/idle') return { body: 'ok' }
    if (request.path === '/large') return { body: await anarq.given.bytes() }
    const turns = Number(request.path.slice(1))
    for (let i = 0; i < turns; i += 1) await anarq.given.echo({ id: i, name: 'notes.txt', tags: ['a', 'b'] })
    return { body: 'done' }
  },
}`
const large = new Uint8Array(1024 * 1024)
const host: Host = { call: async (method, params) => (method === 'given.bytes' ? large : params) }
const source = { entry: 'main.js', modules: new Map([['main.js', main]]) }
const runtime = createRuntime({
  engine: createQuickjs(),
  limits: { callsPerSecondMax: 1_000_000, idleMs: 600_000, cpuMsPerMinuteMax: 60_000 },
  onIncident: ({ sentence }) => console.log(sentence),
})
const ask = (backend: Backend, path: string): Promise<unknown> =>
  backend.request({ method: 'GET', path, query: {}, headers: {}, body: new Uint8Array(0) })

const startsMs: number[] = []
const backends: Backend[] = []
const first = await start(0)
globalThis.gc?.()
const beforeBytes = process.memoryUsage.rss()
for (let i = 1; i <= backendsMax; i += 1) backends.push(await start(i))
const idleBytes = (process.memoryUsage.rss() - beforeBytes) / backendsMax

const requestsMs = await timesOf(callsMax / 4, () => ask(first, '/idle'))
// A request with many calls in it, less one without: what is left is calls, one after another.
const callsMs = await timesOf(20, () => ask(first, `/${callsMax / 20}`))
const callMs = callsMs.map((ms) => (ms - (median(requestsMs) ?? 0)) / (callsMax / 20))
const largeMs = await timesOf(20, () => ask(first, '/large'))
await runtime.close()

const [firstMs = 0, ...othersMs] = startsMs
console.log(`start of the first, with the engine:     ${firstMs.toFixed(1)} ms`)
console.log(`start of another, median of ${othersMs.length}:          ${figure(othersMs)}`)
console.log(`memory of one that waits, of ${backendsMax}:        ${(idleBytes / 2 ** 20).toFixed(1)} MiB`)
console.log(`request and answer, median:              ${figure(requestsMs)}`)
console.log(`call and answer, median (goal ${callGoalMs} ms):    ${figure(callMs)}`)
console.log(`1 MiB into the sandbox and out, median:  ${figure(largeMs)}`)

async function start(i: number): Promise<Backend> {
  const began = performance.now()
  const backend = await runtime.start({ app: `app-${i}`, source, host })
  startsMs.push(performance.now() - began)
  return backend
}

async function timesOf(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const ms: number[] = []
  for (let i = 0; i < times; i += 1) {
    const began = performance.now()
    await work()
    ms.push(performance.now() - began)
  }
  return ms
}

function figure(ms: readonly number[]): string {
  return `${(median(ms) ?? 0).toFixed(3)} ms`
}
