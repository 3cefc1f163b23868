import { at, bytes, row } from '../text.ts'
import type { MeetingOptions, MeetingReport } from './play.ts'

export function printMeeting({ scenario, nodes, seed }: MeetingOptions, report: MeetingReport): string {
  const { honest, sybils, usableMs, known, sybilShare, found, sought, foundMs, ofOneMind, relays } = report
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  const lines: readonly (readonly [string, string])[] = [
    ['scenario', `${scenario}, ${nodes} nodes, seed ${seed}`],
    [
      'usable',
      `${usableMs.length} of ${honest}; half within ${at(usableMs, 0.5)}, 99 % within ${at(usableMs, 0.99)}`,
    ],
    ['knows', `${known.mean.toFixed(0)} nodes on average, ${known.least} to ${known.most}`],
    ...(sybils === 0
      ? []
      : [
          [
            'Sybils',
            `${sybils} in 3 networks: of those whom an honest node knows ${percent(sybilShare.mean)}, at most ${percent(sybilShare.most)}`,
          ] as const,
        ]),
    [
      'looked up',
      `${found} of ${sought} found; half within ${at(foundMs, 0.5)}, 99 % within ${at(foundMs, 0.99)}`,
    ],
    ['of one mind', `${ofOneMind} of ${honest} about ${relays} relays`],
    [
      'a node sends',
      `${bytes(report.bytesPerSecond.mean)} a second, the busiest ${bytes(report.bytesPerSecond.most)}`,
    ],
    ['messages lost', `${report.lost} by chance`],
  ]
  return lines.map(row).join('\n')
}
