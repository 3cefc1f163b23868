/**
 * `npm run sim -- --nodes 1000 --seed 7 --scenario churn`; `--table` with some sizes; `--night` plays all of the swarm with as many
 * `--seeds`, and ends with 1 where something was lost or somebody honest put out. What it prints depends on its arguments alone.
 */
import { parseArgs } from 'node:util'
import { circuitScenarios, playCircuits } from './circuits/play.ts'
import { printCircuits } from './circuits/report.ts'
import { meetingScenarios, playMeeting } from './meeting/play.ts'
import { printMeeting } from './meeting/report.ts'
import { nightHead, printNight, printReport, printRow, tableHead } from './report.ts'
import { playRoles, printRoles } from './roles.ts'
import { play, scenarios } from './scenarios.ts'

const sizesDefault = '25,250,1000'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '250' },
    seed: { type: 'string', default: '7' },
    scenario: { type: 'string', default: 'churn' },
    table: { type: 'boolean', default: false },
    sizes: { type: 'string', default: sizesDefault },
    night: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '10' },
  },
})

const all = [...scenarios, ...circuitScenarios, ...meetingScenarios, 'roles'] as const
const scenario = all.find((one) => one === values.scenario)
const circuits = circuitScenarios.find((one) => one === scenario)
const meeting = meetingScenarios.find((one) => one === scenario)
const swarm = scenarios.find((one) => one === scenario)
const seed = Number(values.seed)
const seeds = Number(values.seeds)
const sizes = (values.table ? values.sizes.split(',') : [values.nodes]).map(Number)
const isWrong =
  scenario === undefined ||
  !Number.isSafeInteger(seed) ||
  !(seeds >= 1 && seeds <= 1000) ||
  sizes.some((size) => !(size >= 1 && size <= 100_000))
if (isWrong) {
  console.error(
    `npm run sim -- --nodes 1…100000 --seed NUMBER --scenario ${all.join('|')}, or --table --sizes ${sizesDefault}, or --night --seeds 10`,
  )
  process.exitCode = 2
} else if (values.table) {
  console.log(tableHead)
  for (const nodes of sizes)
    await timed(() => console.log(printRow(play({ scenario: 'quiet', nodes, seed }))))
} else if (values.night) {
  await timed(() => playNight(sizes[0] as number))
} else if (swarm !== undefined) {
  const options = { scenario: swarm, nodes: sizes[0] as number, seed }
  await timed(() => console.log(printReport(options, play(options))))
} else if (circuits !== undefined) {
  const options = { scenario: circuits, nodes: sizes[0] as number, seed }
  await timed(async () => console.log(printCircuits(options, await playCircuits(options))))
} else if (meeting !== undefined) {
  const options = { scenario: meeting, nodes: sizes[0] as number, seed }
  await timed(() => console.log(printMeeting(options, playMeeting(options))))
} else {
  const run = { nodes: sizes[0] as number, seed }
  await timed(() => console.log(printRoles(run, playRoles(run))))
}

function playNight(nodes: number): void {
  console.log(nightHead)
  for (const one of scenarios)
    for (let at = 0; at < seeds; at += 1) {
      const options = { scenario: one, nodes, seed: seed + at }
      const report = play(options)
      if (report.lost > 0 || report.honestOut > 0) process.exitCode = 1
      console.log(printNight(options, report))
    }
}

/** What depends on the machine goes where nobody compares it. */
async function timed(run: () => void | Promise<void>): Promise<void> {
  const beganMs = performance.now()
  await run()
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
  console.error(`${seconds} s of this machine, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)
}
