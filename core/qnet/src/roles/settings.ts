/** All limits and times in one place; the defaults are for the open network, whose periods have an hour. */
export type RolesSettings = {
  /** As the network's, whose states committees are drawn from. */
  readonly periodMs: number
  /** How many MasterNodes a period has. */
  readonly masters: number
  /** How often one MasterNode probes one Operator in a period, on average. */
  readonly probesPerPeriod: number
  /** What a report says of an Operator that was probed less often counts for nothing. */
  readonly askedMin: number
  /** Who does not answer is asked once more, and gone after twice that: shorter breaks are none. */
  readonly probeTimeoutMs: number
  /** So long reports are kept, and so far back uptime is measured. */
  readonly windowPeriods: number
  /** Before so many measured periods an Operator is new, and has its role on its word. */
  readonly newPeriods: number
  /** Who lost the role has it again after so many periods at or above its guarantee. */
  readonly cleanPeriods: number
  /** Of more Operators as many are drawn, others for each period. */
  readonly operatorsMax: number
  /** How often reports are compared with another node's. */
  readonly compareEveryMs: number
}

const hourMs = 3_600_000

export const rolesSettings: RolesSettings = {
  periodMs: hourMs,
  masters: 25,
  probesPerPeriod: 120,
  askedMin: 12,
  probeTimeoutMs: 5_000,
  windowPeriods: 30 * 24,
  newPeriods: 24,
  cleanPeriods: 7 * 24,
  operatorsMax: 64,
  compareEveryMs: 60_000,
}
