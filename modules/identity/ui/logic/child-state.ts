/** Where a child stands, in one word: what the guardian or the child has to do follows from it. */
export type ChildStanding = {
  readonly stage: 'minor' | 'adult'
  readonly majorityMs: number
  readonly delegatedUntilMs: number
}
export type ChildState = 'adult' | 'of-age' | 'lapsed' | 'soon' | 'acting'

const soonMs = 2 * 24 * 60 * 60 * 1000

/** "of-age": its key waits to be handed over; "lapsed": its device may do nothing until it is renewed; "soon": in two days. */
export function childStateOf(
  { stage, majorityMs, delegatedUntilMs }: ChildStanding,
  nowMs: number,
): ChildState {
  if (stage === 'adult') return 'adult'
  if (majorityMs <= nowMs) return 'of-age'
  if (delegatedUntilMs <= nowMs) return 'lapsed'
  return delegatedUntilMs - nowMs < soonMs ? 'soon' : 'acting'
}
