/**
 * What Lighthouse says of the page that a node shows first, with its own desktop settings, and with a phone's processor and network:
 * `npm run bench lighthouse -- [--rounds N]`. Lighthouse is fetched for the run and is no part of the project.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findBrowser } from '../tools/browser.ts'
import { buildDesktop } from '../tools/build-desktop.mjs'
import { getBrowser } from '../tools/get-browser.mjs'
import { createAnarq } from './data-path/anarq.ts'
import { readOptions } from './data-path/options.ts'
import { markdown, median, seconds } from './table.ts'
import { createTools } from './tools.ts'

const lighthouse = 'lighthouse@13.5.0'
const metrics = {
  'first-contentful-paint': 'first paint',
  'largest-contentful-paint': 'largest paint',
  interactive: 'interactive',
  'total-blocking-time': 'blocked',
} as const
type Report = {
  readonly categories: Readonly<Record<string, { readonly score: number }>>
  readonly audits: Readonly<Record<string, { readonly numericValue?: number }>>
}

const options = readOptions(process.argv.slice(2))
if (options === 'help') throw new Error('npm run bench lighthouse -- [--rounds N]')
buildDesktop()
await getBrowser()
const browser = findBrowser()
if (browser === undefined) throw new Error('No Chromium here: install one, or set ANARQ_BROWSER.')
const tools = createTools()
const home = await (await createAnarq(tools)).openHome(join(tools.folder, 'home'))
const node = await home.up()
const { address } = JSON.parse(node.line) as { address: string }
const rows: string[][] = []
for (const kind of ['desktop', 'phone']) {
  const reports: Report[] = []
  for (let round = 0; round < options.rounds; round += 1) reports.push(await look(address, kind))
  const score = (name: string): string =>
    String(Math.round((median(reports.map((one) => one.categories[name]?.score ?? 0)) ?? 0) * 100))
  const times = Object.keys(metrics).map((name) =>
    median(reports.map((one) => one.audits[name]?.numericValue ?? Number.NaN)),
  )
  rows.push([
    kind,
    score('performance'),
    score('accessibility'),
    score('best-practices'),
    ...times.map((ms) => `${seconds(ms ?? Number.NaN)} s`),
  ])
}
await node.stop()
const header = ['as', 'performance', 'accessibility', 'good practice', ...Object.values(metrics)]
console.log(`\n${lighthouse}, median of ${options.rounds}\n`)
console.log(markdown(header, rows))

async function look(url: string, kind: string): Promise<Report> {
  const file = join(tools.folder, 'report.json')
  const flags = kind === 'desktop' ? ['--preset=desktop'] : []
  await tools.run(
    [
      'npm',
      'exec',
      '--yes',
      `--package=${lighthouse}`,
      '--',
      'lighthouse',
      url,
      '--quiet',
      '--output=json',
      `--output-path=${file}`,
      '--chrome-flags=--headless --no-sandbox --disable-gpu',
      '--only-categories=performance,accessibility,best-practices',
      ...flags,
    ],
    { env: { CHROME_PATH: browser as string } },
  )
  return JSON.parse(await readFile(file, 'utf8')) as Report
}
