/**
 * A file dragged into the desktop, sealed and kept by the node, beside `rclone` putting the same file on `rclone serve webdav`,
 * which writes it down as it is, and beside `rclone` on our own WebDAV door. Also what the page holds in memory meanwhile;
 * with `--large` for a file of 10 GiB too, whose zeros take no room.
 *
 *     npm run bench browser-upload -- [--size MiB] [--rounds N] [--large]
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { findBrowser } from '../tools/browser.ts'
import { getBrowser } from '../tools/get-browser.mjs'
import { type AnarqHome, createAnarq } from './data-path/anarq.ts'
import { readOptions } from './data-path/options.ts'
import { writeRandom } from './inputs.ts'
import { findRclone, freePort, obscured } from './rclone.ts'
import { greatest, markdown, median, ratio, spread } from './table.ts'
import { createTools, descendantsOf, processors, type Service } from './tools.ts'

const names = ['desktop', 'rclone, plain', 'rclone, our door'] as const
type Name = (typeof names)[number]

const options = readOptions(process.argv.slice(2))
if (options === 'help') throw new Error('npm run bench browser-upload -- [--size MiB] [--rounds N] [--large]')
const { sizeMiB, rounds, isLarge } = options
const largeBytes = 10 * 1024 ** 3
const uploadMsMax = 20 * 60_000
const watchMs = 50
const watchMemoryMs = 250
await getBrowser()
const found = findBrowser()
if (found === undefined) throw new Error('No Chromium here: install one, or set ANARQ_BROWSER.')
const executablePath: string = found
const rclone = findRclone()
const tools = createTools()
const anarq = await createAnarq(tools)
const timesMs: Record<Name, number[]> = { desktop: [], 'rclone, plain': [], 'rclone, our door': [] }
const cpusMs: Record<Name, number[]> = { desktop: [], 'rclone, plain': [], 'rclone, our door': [] }
/** Resident memory counts the browser's own code; the share counts what several processes have in common once for all of them. */
type Memory = { readonly residentBytes: number; readonly shareBytes: number }
type Tab = { readonly before: Memory[]; readonly peak: Memory[] }
const tab: Tab = { before: [], peak: [] }
const largeTab: Tab = { before: [], peak: [] }

for (let round = 1; round <= rounds; round += 1) {
  const file = join(tools.folder, `upload-${round}.bin`)
  await writeRandom(file, sizeMiB * 1024 * 1024, round)
  const home = await anarq.openHome(join(tools.folder, `home-${round}`))
  const node = await home.up()
  try {
    await measure('desktop', () => uploadByBrowser(addressOf(node), file, tab))
    await measure('rclone, plain', () => copyPlain(file))
    await rm(home.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
  } finally {
    await node.stop()
  }
  const other = await anarq.openHome(join(tools.folder, `door-${round}`))
  const door = await other.up()
  try {
    await measure('rclone, our door', () => copyToDoor(other, addressOf(door), file))
  } finally {
    await door.stop()
  }
  for (const path of [file, other.folder]) await rm(path, { recursive: true, force: true, maxRetries: 3 })
}
const largeMs = isLarge ? await uploadLarge() : undefined
print()

type Put = { readonly wallMs: number; readonly cpuMs: number }

async function measure(name: Name, act: () => Promise<Put>): Promise<void> {
  await tools.settle()
  const { wallMs, cpuMs } = await act()
  timesMs[name].push(wallMs)
  cpusMs[name].push(cpuMs)
  console.error(`  ${name}  ${(wallMs / 1000).toFixed(2)} s, ${(cpuMs / 1000).toFixed(2)} s of processors`)
}

async function uploadLarge(): Promise<number> {
  const file = join(tools.folder, 'large.bin')
  await writeFile(file, '')
  await truncate(file, largeBytes)
  const home = await anarq.openHome(join(tools.folder, 'large'))
  const node = await home.up()
  try {
    return (await uploadByBrowser(addressOf(node), file, largeTab)).wallMs
  } finally {
    await node.stop()
    for (const path of [file, home.folder]) await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** From the file's choice to the sentence that says it is there; processors of the node and of the whole browser. */
async function uploadByBrowser(address: string, file: string, { before, peak }: Tab): Promise<Put> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    page.setDefaultTimeout(uploadMsMax)
    await openFiles(page, address)
    const memory = rendererOf()
    const first = memory()
    before.push(first)
    let most = first
    const watch = setInterval(() => {
      const { residentBytes, shareBytes } = memory()
      most = {
        residentBytes: Math.max(most.residentBytes, residentBytes),
        shareBytes: Math.max(most.shareBytes, shareBytes),
      }
    }, watchMemoryMs)
    const cpu = processors()
    const startedMs = performance.now()
    await page.locator('[data-qd=files]').setInputFiles(file)
    await added(page)
    const wallMs = performance.now() - startedMs
    clearInterval(watch)
    peak.push(most)
    return { wallMs, cpuMs: cpu() }
  } finally {
    await browser.close()
  }
}

/** Looks now and then: waiting for a text as tests do draws the page sixty times a second, which would be counted too. */
async function added(page: Page): Promise<void> {
  const isThere = "document.body.textContent.includes('1 item added')"
  while (!(await page.evaluate(isThere))) await new Promise((resolve) => setTimeout(resolve, watchMs))
}

async function openFiles(page: Page, address: string): Promise<void> {
  await page.goto(address)
  const passphrase = (await readFile(join(tools.folder, 'passphrase'), 'utf8')).trim()
  await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
  await page.keyboard.press('Enter')
  await page.getByRole('main', { name: 'Desktop' }).waitFor()
  await page.getByRole('button', { name: 'Files' }).first().click()
  await page.getByRole('navigation', { name: 'Places' }).waitFor()
}

/** The process that draws the page: the largest renderer among our descendants. */
function rendererOf(): () => Memory {
  const renderers = descendantsOf(process.pid).filter((pid) => commandOf(pid).includes('--type=renderer'))
  const [largest] = renderers.sort((a, b) => memoryOf(b).residentBytes - memoryOf(a).residentBytes)
  if (largest === undefined) throw new Error('The page has no process of its own that could be measured.')
  return () => memoryOf(largest)
}

function memoryOf(pid: number): Memory {
  const sums = read(`/proc/${pid}/smaps_rollup`)
  const bytes = (field: string): number =>
    1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(sums)?.[1] ?? 0)
  return { residentBytes: bytes('Rss'), shareBytes: bytes('Pss') }
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`)
}

/** Empty for a process that is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function copyPlain(file: string): Promise<Put> {
  const folder = join(tools.folder, 'plain')
  await mkdir(folder, { recursive: true })
  const address = `127.0.0.1:${await freePort()}`
  const service = await tools.serve([
    'sh',
    '-c',
    `exec "${rclone}" serve webdav --addr ${address} "${folder}" 2>&1`,
  ])
  try {
    return await copy(`[to]\ntype = webdav\nurl = http://${address}\nvendor = other\n`, file)
  } finally {
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function copyToDoor(home: AnarqHome, address: string, file: string): Promise<Put> {
  const made = await home.command('key', 'new', 'bench', '--door', 'webdav', '--rights', 'write')
  const { secret } = JSON.parse(made.stdout) as { secret: string }
  const pass = obscured(rclone, secret)
  return copy(
    `[to]\ntype = webdav\nurl = ${address}/dav\nvendor = other\nuser = bench\npass = ${pass}\n`,
    file,
  )
}

async function copy(config: string, file: string): Promise<Put> {
  const configFile = join(tools.folder, 'rclone.conf')
  await writeFile(configFile, config, { mode: 0o600 })
  const cpu = processors()
  const run = await tools.run([rclone, '--config', configFile, 'copyto', file, 'to:upload.bin'])
  return { wallMs: run.wallMs, cpuMs: cpu() + (run.cpuMs ?? Number.NaN) }
}

function addressOf({ line }: Service): string {
  return (JSON.parse(line) as { address: string }).address
}

function print(): void {
  const own = median(timesMs.desktop)
  const rows = names.map((name) => [
    name,
    spread(timesMs[name]),
    `${(sizeMiB / ((median(timesMs[name]) ?? Number.NaN) / 1000)).toFixed(0)} MiB/s`,
    ratio(median(timesMs[name]), own),
    spread(cpusMs[name]),
  ])
  console.log(`\n${sizeMiB} MiB of random bytes, ${rounds} rounds\n`)
  const heads = ['put by', 'time: median (least–most)', 'speed', 'time ÷ desktop', 'processors']
  console.log(markdown(heads, rows))
  console.log(`\nThe page while it sent: ${memoryText(tab)}.`)
  if (largeMs !== undefined)
    console.log(`With 10 GiB, in ${(largeMs / 1000).toFixed(0)} s: ${memoryText(largeTab)}.`)
}

/** In megabytes, as goals are set. */
function memoryText({ before, peak }: Tab): string {
  const megabytes = (memory: readonly Memory[], of: keyof Memory): string =>
    `${((greatest(memory.map((one) => one[of])) ?? Number.NaN) / 1e6).toFixed(0)} MB`
  const [resident, share] = (['residentBytes', 'shareBytes'] as const).map(
    (of) => `${megabytes(before, of)} before, ${megabytes(peak, of)} at most`,
  )
  return `${resident} with all of the browser's code that is in memory, ${share} with its share of that`
}
