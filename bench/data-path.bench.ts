/**
 * The data path as a user meets it: the command `anarq` beside restic and age, on the same inputs in the same run, one
 * after the other in each round. docs/BENCHMARKS.md explains the rows. Figures go to standard output as Markdown.
 */
import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatBytes } from '@anarq/bytes'
import { age } from './data-path/age.ts'
import { type Anarq, anarqAlone, anarqServed, createAnarq } from './data-path/anarq.ts'
import { createFigures } from './data-path/figures.ts'
import { judge } from './data-path/goals.ts'
import { countRuntimePackages, describeLoad, describeMachine } from './data-path/machine.ts'
import { readOptions, usage } from './data-path/options.ts'
import { cpuTable, goalsTable, labelsFor, memoryTable, roomTable, timesTable } from './data-path/report.ts'
import { restic } from './data-path/restic.ts'
import {
  type Bench,
  measureIdle,
  measureInput,
  measureLarge,
  measureShare,
  putOnceMore,
} from './data-path/sections.ts'
import { type Contender, contenderNames } from './data-path/store.ts'
import { findSources, writeRandom, writeRandomFiles, writeText } from './inputs.ts'
import { createTools, findProgram, type Tools } from './tools.ts'

const mebibyte = 1024 * 1024
const files = 10_000
const fileBytes = 4096
const largeBytes = 10 * 1024 * mebibyte
const spareBytes = 1024 * mebibyte
const root = fileURLToPath(new URL('..', import.meta.url))

const options = readOptionsOrStop()
const inputBytes = options.sizeMiB * mebibyte
const machine = describeMachine()
const tools = createTools()
const remarks: string[] = []
await checkRoom()
if (!tools.isMetered)
  remarks.push('GNU time is not here (Debian: `apt install time`): CPU time and memory are left empty.')

const anarq = await createAnarq(tools)
const contenders = await chooseContenders(anarq, tools)
const bench: Bench = { tools, anarq, contenders, rounds: options.rounds, figures: createFigures(), note }
await measureRandom()
await measureText()
await measureFiles()
if (options.isLarge) await measureTenGibibytes()
const idle = await measureIdle(bench).catch((error: unknown) => {
  remark('The idle node was not measured', error)
  return undefined
})
print()

function print(): void {
  const names = contenderNames.filter((name) => name !== 'anarq, node running' || isServed())
  const input = { figures: bench.figures, names, labels: labelsFor(inputBytes, files) }
  const packages = countRuntimePackages()
  const verdicts = judge(bench.figures, {
    inputBytes,
    files,
    idleBytes: idle?.residentBytes,
    packages: packages.listed,
  })
  const heading = `Data path, ${options.rounds} ${options.rounds === 1 ? 'round' : 'rounds'}`
  const load = `Load at the end: ${describeLoad()}`
  const lists = [...machine, load, ...remarks].map((line) => `- ${line}`).join('\n')
  const packagesLine = `Runtime packages from outside: ${packages.listed} in package-lock.json, ${packages.installed} of them for this platform.`
  const tables = [timesTable(input), cpuTable(input), roomTable(input), memoryTable(input, idle)]
  const parts = [`## ${heading}`, lists, ...tables, packagesLine, '### Goals', goalsTable(verdicts)]
  console.log(parts.join('\n\n'))
}

async function measureRandom(): Promise<void> {
  note(`writing ${formatBytes(inputBytes)} of random bytes`)
  const path = join(tools.folder, 'random.bin')
  await writeRandom(path, inputBytes, 1)
  await measureInput(bench, { name: 'random', path }, putOnceMore(bench, path))
  await measureShare(bench, path, isServed())
  await rm(path)
}

async function measureText(): Promise<void> {
  note(`writing ${formatBytes(inputBytes)} of text`)
  const path = join(tools.folder, 'text.tar')
  const sources = await findSources(await sourceRoots())
  remarks.push(
    `The text is made of ${sources.files.length.toLocaleString('en')} program texts, ${formatBytes(sources.bytes)}.`,
  )
  await writeText(path, inputBytes, sources, 1)
  await measureInput(bench, { name: 'text', path })
  await rm(path)
}

/** What is installed here, and what the system brings. */
async function sourceRoots(): Promise<string[]> {
  const pythons = (await readdir('/usr/lib').catch(() => [])).filter((name) => name.startsWith('python3'))
  return [join(root, 'node_modules'), '/usr/include', ...pythons.map((name) => join('/usr/lib', name))]
}

async function measureFiles(): Promise<void> {
  note(`writing ${files.toLocaleString('en')} files`)
  const path = join(tools.folder, 'files')
  await mkdir(path)
  await writeRandomFiles(path, files, fileBytes, 2)
  await measureInput(bench, { name: 'files', path })
  await rm(path, { recursive: true })
}

async function measureTenGibibytes(): Promise<void> {
  note(`writing ${formatBytes(largeBytes)} of random bytes`)
  const path = join(tools.folder, 'large.bin')
  await writeRandom(path, largeBytes, 4)
  await measureLarge(bench, path)
  await rm(path)
}

/** Who is here. The running node takes part when a command really reaches it. */
async function chooseContenders(anarq: Anarq, tools: Tools): Promise<Contender[]> {
  const chosen = [anarqAlone(anarq)]
  try {
    await tryServed(anarq, tools)
    chosen.push(anarqServed(anarq))
  } catch (error) {
    remark('Without the row of the running node', error)
  }
  for (const [program, contender] of [
    ['restic', restic(tools)],
    ['age', age(tools)],
  ] as const) {
    if (findProgram(program) !== undefined) chosen.push(contender)
    else
      remarks.push(`${program} is not here (Debian: \`apt install ${program}\`): its column is left empty.`)
  }
  return chosen
}

/** Puts a folder through a running node. Rejects with the reason where that fails. */
async function tryServed(anarq: Anarq, tools: Tools): Promise<void> {
  const input = join(tools.folder, 'probe')
  const home = join(tools.folder, 'probe-home')
  await mkdir(input)
  await writeRandom(join(input, 'large.bin'), mebibyte, 5)
  await writeRandom(join(input, 'small.bin'), fileBytes, 6)
  const store = await anarqServed(anarq).open(home)
  try {
    await store.put(input)
  } finally {
    await store.close()
    await rm(home, { recursive: true })
    await rm(input, { recursive: true })
  }
}

function isServed(): boolean {
  return contenders.some(({ name }) => name === 'anarq, node running')
}

/** An input, the same with a byte more, a repository of each contender and what one of them gives back lie there at once. */
async function checkRoom(): Promise<void> {
  const { bavail, bsize } = await statfs(tools.folder)
  const atOnceBytes = inputBytes * (contenderNames.length + 3)
  const needBytes = Math.max(atOnceBytes, options.isLarge ? largeBytes * 2 : 0) + spareBytes
  if (bavail * bsize >= needBytes) return
  const sentence = `${tools.folder} has ${formatBytes(bavail * bsize)} free and ${formatBytes(needBytes)} are needed.`
  console.error(`${sentence} Set TMPDIR to a folder with more room, or take a smaller --size.`)
  process.exit(1)
}

function readOptionsOrStop(): Exclude<ReturnType<typeof readOptions>, 'help'> {
  try {
    const read = readOptions(process.argv.slice(2))
    if (read !== 'help') return read
    console.log(usage)
    process.exit(0)
  } catch (error) {
    console.error(`${messageOf(error)}\n${usage}`)
    process.exit(2)
  }
}

function remark(what: string, error: unknown): void {
  const reason = messageOf(error).split('\n').slice(1).join(' ').trim() || messageOf(error)
  remarks.push(`${what}: ${reason}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function note(text: string): void {
  console.error(text)
}
