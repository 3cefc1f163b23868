/** What the guardian may use of memory, and how fast it forgives. */
export type GuardianLimits = {
  readonly identitiesMax: number
  /** Actions of one identity whose rate is learned. */
  readonly actionsMax: number
  /** Refused (action, object) pairs of one identity that are remembered. */
  readonly loopsMax: number
  /** Stage reports of one identity that are kept for the case that it touches a decoy. */
  readonly stepsMax: number
  readonly alertsMax: number
  readonly decoysMax: number
  /** Characters of an identity, object, action or code. */
  readonly textMax: number
  readonly riskHalfLifeMs: number
}

export const guardianLimits: GuardianLimits = {
  identitiesMax: 4096,
  actionsMax: 32,
  loopsMax: 32,
  stepsMax: 16,
  alertsMax: 1000,
  decoysMax: 100_000,
  textMax: 256,
  riskHalfLifeMs: 30 * 60 * 1000,
}
