import type { Report, RunOptions } from './scenarios.ts'
import { at, bytes, row, seconds } from './text.ts'

export function printReport({ scenario, nodes, seed }: RunOptions, report: Report): string {
  const { before, after, network, fetchMs } = report
  const lines: readonly (readonly [string, string])[] = [
    ['scenario', `${scenario}, ${nodes} nodes, seed ${seed}`],
    ['grown', Number.isNaN(report.grownMs) ? 'not settled' : seconds(report.grownMs)],
    ['before', describe(before)],
    ['after', describe(after)],
    ['settled', report.settledMs === undefined ? 'not within 40 minutes' : seconds(report.settledMs)],
    [
      'whole again',
      report.repairedMs === undefined
        ? 'not within the time'
        : `six copies of each after ${seconds(report.repairedMs)}`,
    ],
    ['puts', countsOf(report.guarantees)],
    [
      'puts at the end',
      `${countsOf(report.later)}; the fullest node has ${(report.fullest * 100).toFixed(1)} % of what it gives`,
    ],
    ['acknowledged and lost', `${report.lost} of ${report.acknowledged}`],
    [
      'copies at the end',
      [...report.copies].map(([copies, blocks]) => `${blocks} with ${copies}`).join(', '),
    ],
    [
      'fetched',
      `${report.fetched} of ${report.asked}; half within ${at(fetchMs, 0.5)}, 99 % within ${at(fetchMs, 0.99)}`,
    ],
    ['sent for repair', bytes(report.repairBytes)],
    ['liars put out', `${report.liarsOut} of ${report.liars}; honest ones put out: ${report.honestOut}`],
    ['messages', `${network.delivered.messages} delivered; lost: ${lostOf(report)}`],
    [
      'a node sends',
      `${bytes(report.bytesPerSecond.mean)} a second, the busiest ${bytes(report.bytesPerSecond.most)}`,
    ],
    [
      'who reads a disk',
      `${entropyOf(report)} bits about whose a block is (the blocks of one index are seen to belong together)`,
    ],
    ['who is sent a block', '0 bits: the link names the sender; circuits are not in this room'],
  ]
  return lines.map(row).join('\n')
}

function countsOf(guarantees: Report['later']): string {
  return [...guarantees]
    .sort()
    .map(([guarantee, count]) => `${count} ${guarantee}`)
    .join(', ')
}

export const tableHead =
  '| nodes | neighbourhoods | contacts a node | grown in | B/s a node | busiest B/s | fetch, half | fetch, 99 % |\n|--:|--:|--:|--:|--:|--:|--:|--:|'

export function printRow({ network, after, grownMs, bytesPerSecond, fetchMs }: Report): string {
  const live = network.live()
  const contacts = live.reduce((sum, { swarm }) => sum + swarm.contacts.size(), 0) / live.length
  const cells = [
    String(live.length),
    String(after.neighbourhoods),
    contacts.toFixed(1),
    Number.isNaN(grownMs) ? 'not settled' : seconds(grownMs),
    bytesPerSecond.mean.toFixed(0),
    bytesPerSecond.most.toFixed(0),
    at(fetchMs, 0.5),
    at(fetchMs, 0.99),
  ]
  return `| ${cells.join(' | ')} |`
}

export const nightHead =
  '| scenario | seed | of one mind | six copies of each | lost | fetched | liars put out | honest ones put out |\n|---|--:|--:|--:|--:|--:|--:|--:|'

export function printNight({ scenario, seed }: RunOptions, report: Report): string {
  const since = (ms: number | undefined): string => (ms === undefined ? 'not within the time' : seconds(ms))
  const cells = [
    scenario,
    String(seed),
    since(report.settledMs),
    since(report.repairedMs),
    `${report.lost} of ${report.acknowledged}`,
    `${report.fetched} of ${report.asked}`,
    `${report.liarsOut} of ${report.liars}`,
    String(report.honestOut),
  ]
  return `| ${cells.join(' | ')} |`
}

function describe({
  nodes,
  homeless,
  neighbourhoods,
  smallest,
  largest,
  split,
  ghosts,
}: Report['before']): string {
  return `${nodes} honest nodes in ${neighbourhoods} neighbourhoods of ${smallest} to ${largest}; without one: ${homeless}, of two minds: ${split}, members gone: ${ghosts}`
}

function lostOf({ network }: Report): string {
  const list = [...network.lost].sort(([a], [b]) => (a < b ? -1 : 1)).map(([why, count]) => `${count} ${why}`)
  return list.length === 0 ? 'none' : list.join(', ')
}

/** A block's note names its home and not who sent it: every honest node is as likely as every other. */
function entropyOf({ after }: Report): string {
  return Math.log2(after.nodes).toFixed(2)
}
