import type { AgreementSettings } from './agreement.ts'

/** All limits and times in one place; the defaults are for the open network. */
export type DiscoverySettings = AgreementSettings & {
  /** Work that the smallest network asks for; more as the directory fills. */
  readonly bitsMin: number
  readonly recordLifeMs: number
  /** How wrong a clock may be and still be understood. */
  readonly skewMs: number
  readonly nodesMax: number
  readonly perGroupMax: number
  readonly pointersMax: number
  readonly askTimeoutMs: number
  readonly gossipEveryMs: number
  readonly refreshEveryMs: number
  /** How many live peers a node goes on looking for. */
  readonly peersWanted: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

export const discoverySettings: DiscoverySettings = {
  bitsMin: 16,
  recordLifeMs: 6 * hourMs,
  skewMs: 2 * hourMs,
  nodesMax: 4096,
  perGroupMax: 8,
  pointersMax: 2048,
  askTimeoutMs: 5_000,
  gossipEveryMs: 30_000,
  refreshEveryMs: 10 * minuteMs,
  peersWanted: 32,
  periodMs: hourMs,
  roundMs: minuteMs,
  committeeSize: 100,
  periodsMax: 6,
}
