export type MembershipSettings = {
  /** Between two probes of one node. */
  readonly probeMs: number
  readonly probeTimeoutMs: number
  readonly suspectTicks: number
  /** How long who came is waited for, so that several come in with one agreement. */
  readonly batchMs: number
  /** After so many ticks without a quorum the members left go on alone. */
  readonly recoverTicks: number
  /** How long a liar stays out. */
  readonly banTicks: number
}

export const membershipDefaults: MembershipSettings = {
  probeMs: 5000,
  probeTimeoutMs: 1500,
  suspectTicks: 2,
  batchMs: 800,
  recoverTicks: 24,
  banTicks: 17_280,
}
