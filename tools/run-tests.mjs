// `npm test [PART OF A PATH…] [FLAG OF node --test…]`: the unit tests of a floor share one process, which is ten times faster
// than one each; a `*.process.test.ts`, which starts, kills or measures processes, has one of its own, but that those of screens
// share as many as run at once, and each of these one browser. As many run at once as there are cores and one more, up to four:
// a browser waits as often as it works. Who mostly waits for other nodes runs beside these.
// What takes minutes has its full length where `CI` is set, as in `.ci/run`, and a fifth of it elsewhere.
// `npm test -- --times` gives each file a process of its own and says which took most of the processor.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { getBrowser } from './get-browser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const floors = ['base', 'core', 'os', 'adapters', 'modules', 'apps', 'tools']
const costliestMax = 30
/** Characters of a failed process's report that are told again at the end. */
const failureLengthMax = 20_000
const lanes = Math.min(4, availableParallelism() + 1)
/** They start first, so that none of them is left over at the end. */
const longest = [
  'screens',
  'apps',
  'core',
  'kill.process',
  'tree.process',
  'adapters',
  'flip.process',
  'dav.process',
  'http.process',
  'hostile.process',
  'cli.process',
]

/** Nodes that mostly wait for each other: of little work, two at a time. */
const waiting = [
  'routers.process',
  'net-branches.process',
  'lab.process',
  'net-roles.process',
  'net-paths.process',
  'net.process',
  'registers.process',
  'register.process',
  'keeping.process',
  'net-meeting.process',
  'net-hops.process',
  'net-way.process',
]
const waitingLanes = 2
const lengths =
  process.env.CI === undefined
    ? { ANARQ_KILLS: 20, ANARQ_FLIPS: 100, ANARQ_TREE_FILES: 4000, ANARQ_TREE_MIB: 400, ANARQ_LOOKS: 'dark' }
    : {}
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('-'))
const isTimed = process.argv.includes('--times')
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('-') && arg !== '--times')
/** Compiled code of one process serves the next: without it, what a test imports is half of what a short one costs. */
const compiled = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/anarq-tests')
const options =
  `${process.env.NODE_OPTIONS ?? ''} --import=${pathToFileURL(join(root, 'tools/resolve-fast.mjs'))}`.trim()
const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 1
  })

const files = testFiles().filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
const ofScreens = files.filter(needsBrowser)
const jobs = [...Map.groupBy(files, jobOf)].sort(([a], [b]) => placeOf(longest, a) - placeOf(longest, b))
if (ofScreens.length > 0) await getBrowser().catch((error) => console.error(error.message))
if (files.length === 0) {
  console.error(`No test file has "${wanted.join('" or "')}" in its path.`)
  process.exitCode = 2
} else if (jobs.length === 1 && !isTimed) process.exitCode = await exitOf(start(files, 'inherit'))
else process.exitCode = await runJobs()

async function runJobs() {
  const startedMs = performance.now()
  const failed = []
  const costs = []
  let tests = 0
  console.log(`${files.length} files in ${jobs.length} processes, ${lanes} at a time …`)
  const lane = async (queue) => {
    for (let job = queue.shift(); job !== undefined && process.exitCode === undefined; job = queue.shift()) {
      const report = await runJob(job)
      tests += report.tests
      if (report.code !== 0) failed.push({ name: job[0], failures: report.failures })
      costs.push({ name: job[0], ms: report.ms })
    }
  }
  const isWaiting = ([job]) => placeOf(waiting, job) < waiting.length
  const [working, beside] = [jobs.filter((job) => !isWaiting(job)), jobs.filter(isWaiting)]
  beside.sort(([a], [b]) => placeOf(waiting, a) - placeOf(waiting, b))
  const run = (queue, count) => Array.from({ length: count }, () => lane(queue))
  await Promise.all([...run(beside, waitingLanes), ...run(working, lanes)])
  console.log(`\n${tests} tests in ${files.length} files: ${secondsSince(startedMs)} s`)
  if (isTimed) tellCosts(costs)
  // Once more at the end, which is what a log that keeps only its last lines still has.
  for (const { name, failures } of failed) console.log(`\n── ${name} failed:\n${failures}`)
  console.log(
    failed.length === 0 ? 'All of them passed.' : `\nFailed: ${failed.map(({ name }) => name).join(', ')}`,
  )
  return process.exitCode ?? Math.min(failed.length, 1)
}

/** Its report is printed when it is over, so that those of several do not mix. */
async function runJob([name, ofJob]) {
  const startedMs = performance.now()
  const child = start(ofJob, ['ignore', 'pipe', 'pipe', 'pipe'])
  const parts = []
  let ms = ''
  child.stdio[3].on('data', (part) => {
    ms += part
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part))
  const code = await exitOf(child)
  const report = Buffer.concat(parts).toString().trimEnd()
  console.log(`\n── ${name}: ${secondsSince(startedMs)} s\n${report}`)
  const failures = report.slice(
    Math.max(0, report.lastIndexOf('✖ failing tests:'), report.length - failureLengthMax),
  )
  return { code, failures, ms: Number(ms), tests: Number(/ℹ tests (\d+)/.exec(report)?.[1] ?? 0) }
}

function tellCosts(costs) {
  const all = costs.reduce((sum, { ms }) => sum + ms, 0)
  console.log(`${(all / 1000).toFixed(0)} s of processor time, children included:`)
  for (const { name, ms } of costs.sort((a, b) => b.ms - a.ms).slice(0, costliestMax))
    console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`)
}

function start(ofJob, stdio) {
  const reporter = flags.some((flag) => flag.startsWith('--test-reporter')) ? [] : ['--test-reporter=spec']
  const cost = isTimed ? ['--import=./tools/tell-cost.mjs'] : []
  const args = [
    ...cost,
    '--test',
    '--test-isolation=none',
    // Node 26.10 now and then spins for ever in its own cleaning up when sockets and children were many (Environment::CleanupHandles).
    '--test-force-exit',
    ...reporter,
    ...flags,
    ...ofJob,
  ]
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
  const env = {
    ...lengths,
    ...process.env,
    ...colour,
    NODE_COMPILE_CACHE: compiled,
    NODE_OPTIONS: options,
    ...(isTimed && { ANARQ_TEST_RUNNER: process.pid }),
  }
  const child = spawn(process.execPath, args, { cwd: root, stdio, env })
  running.add(child)
  child.on('close', () => running.delete(child))
  return child
}

function exitOf(child) {
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ? 1 : (code ?? 1))))
}

function needsBrowser(file) {
  return /from '(\.\/visit\.ts|[./]+tools\/browser\.ts)'/.test(readFileSync(join(root, file), 'utf8'))
}

function jobOf(file) {
  if (!isTimed && ofScreens.includes(file)) return `screens ${(ofScreens.indexOf(file) % lanes) + 1}`
  return isTimed || file.endsWith('.process.test.ts') ? file : file.slice(0, file.indexOf(sep))
}

function placeOf(list, job) {
  const place = list.findIndex((part) => job.split(' ')[0] === part || job.includes(`${sep}${part}.`))
  return place < 0 ? list.length : place
}

function secondsSince(startedMs) {
  return ((performance.now() - startedMs) / 1000).toFixed(1)
}

function testFiles() {
  const found = []
  for (const floor of floors.filter((one) => existsSync(join(root, one)))) {
    for (const entry of readdirSync(join(root, floor), { recursive: true })) {
      const file = join(floor, entry)
      if (file.endsWith('.test.ts') && !file.includes('node_modules')) found.push(file)
    }
  }
  return found.sort()
}
