/** `npm run sim -- --nodes 1000 --seed 7 --scenario churn`, or `--table` with some sizes. What it prints depends on its arguments alone. */
import { parseArgs } from 'node:util'
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

const isOfRoles = values.scenario === 'roles'
const scenario = scenarios.find((one) => one === values.scenario)
const seed = Number(values.seed)
const sizes = (values.table ? values.sizes.split(',') : [values.nodes]).map(Number)
const isWrong =
  (scenario === undefined && !isOfRoles) ||
  !Number.isSafeInteger(seed) ||
  sizes.some((size) => !(size >= 1 && size <= 100_000))
if (isWrong) {
  console.error(
    `npm run sim -- --nodes 1…100000 --seed NUMBER --scenario ${scenarios.join('|')}|roles, or --table --sizes ${sizesDefault}`,
  )
  process.exitCode = 2
} else if (scenario === undefined) {
  const run = { nodes: sizes[0] as number, seed }
  timed(() => console.log(printRoles(run, playRoles(run))))
} else if (values.table) {
  console.log(tableHead)
  for (const nodes of sizes) timed(() => console.log(printRow(play({ scenario: 'quiet', nodes, seed }))))
} else
  timed(() =>
    console.log(
      printReport(
        { scenario, nodes: sizes[0] as number, seed },
        play({ scenario, nodes: sizes[0] as number, seed }),
      ),
    ),
  )

/** What depends on the machine goes where nobody compares it. */
function timed(run: () => void): void {
  const beganMs = performance.now()
  run()
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1)
  console.error(`${seconds} s of this machine, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)
}
