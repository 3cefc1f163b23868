/** `npm run sim -- --nodes 1000 --seed 7 --scenario churn`, or `--table` with some sizes. What it prints depends on its arguments alone. */
import { parseArgs } from 'node:util'
import { circuitScenarios, playCircuits } from './circuits/play.ts'
import { printCircuits } from './circuits/report.ts'
import { meetingScenarios, playMeeting } from './meeting/play.ts'
import { printMeeting } from './meeting/report.ts'
import { printReport, printRow, tableHead } from './report.ts'
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
  },
})

const all = [...scenarios, ...circuitScenarios, ...meetingScenarios, 'roles'] as const
const scenario = all.find((one) => one === values.scenario)
const circuits = circuitScenarios.find((one) => one === scenario)
const meeting = meetingScenarios.find((one) => one === scenario)
const swarm = scenarios.find((one) => one === scenario)
const seed = Number(values.seed)
const sizes = (values.table ? values.sizes.split(',') : [values.nodes]).map(Number)
const isWrong =
  scenario === undefined ||
  !Number.isSafeInteger(seed) ||
  sizes.some((size) => !(size >= 1 && size <= 100_000))
if (isWrong) {
  console.error(
    `npm run sim -- --nodes 1…100000 --seed NUMBER --scenario ${all.join('|')}, or --table --sizes ${sizesDefault}`,
  )
  process.exitCode = 2
} else if (values.table) {
  console.log(tableHead)
  for (const nodes of sizes)
    await timed(() => console.log(printRow(play({ scenario: 'quiet', nodes, seed }))))
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

/** What depends on the machine goes where nobody compares it. */
async function timed(run: () => void | Promise<void>): Promise<void> {
  const beganMs = performance.now()
  await run()
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
  console.error(`${seconds} s of this machine, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)
}
