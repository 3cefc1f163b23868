import type { Delegation } from './delegation.ts'
import { describeStatement } from './statement.ts'

/** Where a permission stands, for the page on which its owner sees all of them. */
export type Standing = 'active' | 'not-yet' | 'expired' | 'revoked' | 'used-up'

export type StandingFacts = { readonly nowMs: number; readonly isRevoked: boolean; readonly uses: number }

/** The same order of reasons as a decision's: what was taken back stays taken back. */
export function standingOf(
  { nbf, exp, usesMax }: Delegation,
  { nowMs, isRevoked, uses }: StandingFacts,
): Standing {
  if (isRevoked) return 'revoked'
  if (exp !== null && nowMs > exp * 1000) return 'expired'
  if (usesMax !== undefined && uses >= usesMax) return 'used-up'
  return nbf !== undefined && nowMs < nbf * 1000 ? 'not-yet' : 'active'
}

/** What a permission says, in one sentence: who may do what, on which conditions, until when, how often. */
export function describeDelegation({ aud, cmd, pol, nbf, exp, usesMax }: Delegation): string {
  const conditions = pol.length === 0 ? '' : ` where ${pol.map(describeStatement).join(' and ')}`
  const from = nbf === undefined ? '' : ` from ${timeOf(nbf)}`
  const until = exp === null ? ' without end' : ` until ${timeOf(exp)}`
  const times = usesMax === undefined ? '' : usesMax === 1 ? ', once' : `, at most ${usesMax} times`
  return `${aud} may ${cmd}${conditions}${from}${until}${times}.`
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}
