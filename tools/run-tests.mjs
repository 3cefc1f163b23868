// `npm test [PART OF A PATH…] [FLAG OF node --test…]`: the unit tests of a floor share one process, which is ten times faster
// than one each; a `*.process.test.ts`, which starts, kills or measures processes, has one of its own. As many run at once
// as there are cores and one more, up to four: a browser waits as often as it works.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getBrowser } from './get-browser.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const floors = ['base', 'core', 'os', 'adapters', 'modules', 'apps', 'tools']
const lanes = Math.min(4, availableParallelism() + 1)
/** They start first, so that none of them is left over at the end. */
const longest = [
  'apps',
  'kill.process',
  'screens.process',
  'tree.process',
  'store.process',
  'core',
  'drive.process',
  'cli.process',
  'flip.process',
  'desktop.process',
  'frame.process',
  'packaged-qdrive.process',
  'drive-content.process',
  'adapters',
]

const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('-'))
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('-'))
const running = new Set()
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 1
  })

const files = testFiles().filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
const jobs = [...Map.groupBy(files, jobOf)].sort(([a], [b]) => placeOf(a) - placeOf(b))
if (files.some(needsBrowser)) await getBrowser().catch((error) => console.error(error.message))
if (files.length === 0) {
  console.error(`No test file has "${wanted.join('" or "')}" in its path.`)
  process.exitCode = 2
} else if (jobs.length === 1) process.exitCode = await exitOf(start(files, 'inherit'))
else process.exitCode = await runJobs()

async function runJobs() {
  const startedMs = performance.now()
  const failed = []
  let tests = 0
  console.log(`${files.length} files in ${jobs.length} processes, ${lanes} at a time …`)
  const lane = async () => {
    for (let job = jobs.shift(); job !== undefined && process.exitCode === undefined; job = jobs.shift()) {
      const report = await runJob(job)
      tests += report.tests
      if (report.code !== 0) failed.push(job[0])
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  console.log(`\n${tests} tests in ${files.length} files: ${secondsSince(startedMs)} s`)
  console.log(failed.length === 0 ? 'All of them passed.' : `Failed, see above: ${failed.join(', ')}`)
  return process.exitCode ?? Math.min(failed.length, 1)
}

/** Its report is printed when it is over, so that those of several do not mix. */
async function runJob([name, ofJob]) {
  const startedMs = performance.now()
  const child = start(ofJob, ['ignore', 'pipe', 'pipe'])
  const parts = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part))
  const code = await exitOf(child)
  const report = Buffer.concat(parts).toString().trimEnd()
  console.log(`\n── ${name}: ${secondsSince(startedMs)} s\n${report}`)
  return { code, tests: Number(/ℹ tests (\d+)/.exec(report)?.[1] ?? 0) }
}

function start(ofJob, stdio) {
  const reporter = flags.some((flag) => flag.startsWith('--test-reporter')) ? [] : ['--test-reporter=spec']
  const args = ['--test', '--test-isolation=none', ...reporter, ...flags, ...ofJob]
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
  const child = spawn(process.execPath, args, { cwd: root, stdio, env: { ...process.env, ...colour } })
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
  return file.endsWith('.process.test.ts') ? file : file.slice(0, file.indexOf(sep))
}

function placeOf(job) {
  const place = longest.findIndex((part) => job === part || job.includes(`${sep}${part}.`))
  return place < 0 ? longest.length : place
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
