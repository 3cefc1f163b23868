import { at, bytes, row } from '../text.ts'
import type { CircuitOptions, CircuitReport } from './play.ts'

export function printCircuits({ scenario, nodes, seed }: CircuitOptions, report: CircuitReport): string {
  const { asked, delivered, lost, firstByteMs, relayBytesPerSecond: relay } = report
  const reasons = [...lost].sort(([a], [b]) => (a < b ? -1 : 1)).map(([why, count]) => `${count} ${why}`)
  const share = ((100 * report.seenByOperator) / Math.max(1, delivered)).toFixed(1)
  const lines: readonly (readonly [string, string])[] = [
    ['scenario', `${scenario}, ${nodes} nodes, seed ${seed}`],
    [
      'who',
      `${report.clients} clients, ${report.relays} relays, half of them exits; ${report.hostile} of one operator who hides it`,
    ],
    ['pages', `${delivered} of ${asked} came; lost: ${reasons.length === 0 ? 'none' : reasons.join(', ')}`],
    ['first byte', `half within ${at(firstByteMs, 0.5)}, 99 % within ${at(firstByteMs, 0.99)}`],
    ['a client sends', `${bytes(report.clientBytesPerSecond)} a second`],
    ['a relay sends', `${bytes(relay.mean)} a second, the busiest ${bytes(relay.most)}`],
    ['nobody in particular', `${report.evenBits.toFixed(2)} bits: all clients alike`],
    [
      'who runs a tenth',
      `sees both ends of ${share} % of the pages; of others that leave by it ${report.exitBits.toFixed(2)} bits about who asked`,
    ],
    ['who watches all lines', `${report.watcherBits.toFixed(2)} bits, on average, by timing alone`],
  ]
  return lines.map(row).join('\n')
}
