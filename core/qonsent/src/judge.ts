import { Fault, type FaultCode } from '@anarq/fault'
import { cidKey, digestOf } from '@anarq/ipld'
import { checkChain, type Grant, type VerifiedCache } from './chain.ts'
import type { Did } from './command.ts'
import type { Delegation } from './delegation.ts'
import type { IdentityState, VerifyAs } from './identities.ts'
import type { Policies, PolicyAnswer, PolicySetName } from './policies.ts'
import { questionOf } from './policy-question.ts'
import type { AccessRequest } from './request.ts'
import { isFresh, type StatusSnapshot } from './status.ts'

/** Everything that a decision depends on, besides the policies: the same facts give the same judgement, for ever. */
export type Facts = {
  /** Whose node decides: this identity's own list of revocations is never stale here. */
  readonly by: Did
  readonly atMs: number
  readonly request: AccessRequest
  /** The owner's delegation first. Not looked at when the owner asks. */
  readonly proofs: readonly Delegation[]
  readonly states: ReadonlyMap<Did, IdentityState>
  /** The newest known snapshot of each issuer, where there is one. */
  readonly statuses: ReadonlyMap<Did, StatusSnapshot>
  /** By `cidKey` of the delegation's digest; absent is none. */
  readonly uses: ReadonlyMap<string, number>
}

export type Reason = { readonly set: PolicySetName; readonly id: string; readonly sentence: string }

export type Judgement = {
  readonly verdict: 'allow' | 'deny'
  /** `allowed.owner`, `allowed.grant`, or a fault code: `refused.expired`, `refused.policy`, … */
  readonly code: FaultCode | 'allowed.owner' | 'allowed.grant'
  /** One sentence, for the one who asked. */
  readonly sentence: string
  /** The rules that decided. */
  readonly reasons: readonly Reason[]
  /** Absent where the owner asks, and in a refusal. */
  readonly grant?: Grant
}

export type JudgeOptions = {
  readonly policies: Policies
  readonly verify: VerifyAs
  readonly verified?: VerifiedCache
}

/** A delegation that never lives longer needs no status of its issuer: its end is its revocation. */
export const shortLivedMs = 86_400_000
/** As many rules of a set are named in a judgement. */
const reasonsMax = 32

/**
 * Decides, purely. First the chain from the owner to who asks, unless the owner asks; then the identities, the
 * revocations and the uses of its links; then every policy set that has a say. Anything that is missing refuses.
 */
export function judge(facts: Facts, { policies, verify, verified }: JudgeOptions): Judgement {
  const { request, proofs, atMs } = facts
  const isOwner = request.subject === request.owner
  let grant: Grant | undefined
  if (!isOwner) {
    const chain = checkChain(proofs, request, { verify, nowMs: atMs, ...(verified && { verified }) })
    if (!chain.ok) return deny(chain.fault)
    const spoilt = deadIssuer(facts) ?? revokedLink(facts) ?? usedUpLink(facts, chain.value)
    if (spoilt !== undefined) return deny(spoilt)
    grant = chain.value
  }
  return byPolicies(facts, policies, grant)
}

/** The sets that have a say: all three when somebody else's request would make data leave. */
export function setsFor({ direction, subject, owner }: AccessRequest): readonly PolicySetName[] {
  if (direction === 'out') return ['ecosystem', 'out']
  return subject === owner ? ['ecosystem', 'in'] : ['ecosystem', 'in', 'out']
}

function deadIssuer({ proofs, states }: Facts): Fault | undefined {
  const dead = proofs.find(({ iss }) => states.get(iss)?.status === 'revoked')
  if (dead === undefined) return undefined
  return new Fault('refused.revoked-identity', 'An identity that gave this permission was revoked since.')
}

/** A link may be taken back by whoever gave it, or gave a link before it. */
function revokedLink({ by, atMs, proofs, statuses }: Facts): Fault | undefined {
  const before: StatusSnapshot[] = []
  for (const { cid, iss, nbf, exp } of proofs) {
    const status = statuses.get(iss)
    if (status === undefined) {
      const isShort = nbf !== undefined && exp !== null && (exp - nbf) * 1000 <= shortLivedMs
      if (!isShort && iss !== by) {
        return new Fault(
          'refused.unknown-status',
          'It is not known whether this permission was taken back. Ask who gave it for a current status.',
        )
      }
    } else {
      if (iss !== by && !isFresh(status, atMs)) {
        return new Fault(
          'refused.stale-status',
          'It was too long ago that this permission was known to hold. Ask who gave it for a current status.',
        )
      }
      before.push(status)
    }
    if (before.some((known) => known.isRevoked(cid))) {
      return new Fault('refused.revoked', 'This permission was taken back.')
    }
  }
  return undefined
}

function usedUpLink({ uses }: Facts, { limits }: Grant): Fault | undefined {
  const spent = limits.find(({ cid, usesMax }) => (uses.get(cidKey(digestOf(cid))) ?? 0) >= usesMax)
  if (spent === undefined) return undefined
  const times = spent.usesMax === 1 ? 'once' : `${spent.usesMax} times`
  return new Fault('refused.used-up', `This permission could be used ${times}, and it was.`)
}

function byPolicies(
  { request, states, atMs }: Facts,
  policies: Policies,
  grant: Grant | undefined,
): Judgement {
  const sets = setsFor(request)
  const question = questionOf({ request, states, atMs, isDelegated: grant !== undefined })
  const answer = policies.isAllowed({ sets, ...question })
  const reasons = reasonsOf(policies, sets, answer)
  if (answer.verdict !== 'allow' || answer.errors.length > 0) return denyBy(answer, reasons)
  if (grant === undefined) {
    return { verdict: 'allow', code: 'allowed.owner', sentence: 'Allowed: it is your own.', reasons }
  }
  const sentence = 'Allowed by a permission of its owner.'
  return { verdict: 'allow', code: 'allowed.grant', sentence, reasons, grant }
}

/** A forbid of any set is shown before what could not be evaluated, and that before a set in which nothing permits. */
function denyBy({ verdict, errors, silent }: PolicyAnswer, reasons: readonly Reason[]): Judgement {
  const [first] = reasons
  if (verdict === 'deny' && first !== undefined) {
    const sentence = `${first.sentence} (rule ${first.id})`
    return { verdict: 'deny', code: 'refused.policy', sentence, reasons }
  }
  const [error] = errors
  if (error !== undefined) {
    const sentence = `${titleOf(error.set)} cannot be evaluated, so nothing is allowed: ${error.message}`
    return deny(new Fault('refused.broken-policy', sentence))
  }
  const sentence = `${titleOf(silent[0])} has no rule that allows this, and what no rule allows is refused.`
  return deny(new Fault('refused.no-rule', sentence))
}

function deny({ code, message }: Fault): Judgement {
  return { verdict: 'deny', code, sentence: message, reasons: [] }
}

/** In the order in which the rules are written, whatever the engine's: a replay must give the same list. */
function reasonsOf(
  policies: Policies,
  sets: readonly PolicySetName[],
  answer: PolicyAnswer,
): readonly Reason[] {
  return sets.flatMap((set) => {
    const decided = new Set(answer.reasons.filter((reason) => reason.set === set).map(({ id }) => id))
    if (decided.size === 0) return []
    const rules = policies.rules(set).filter(({ id }) => decided.has(id))
    return rules.slice(0, reasonsMax).map(({ id, sentence }) => ({ set, id, sentence }))
  })
}

function titleOf(set: PolicySetName | undefined): string {
  if (set === undefined) return 'This request'
  if (set === 'ecosystem') return "The ecosystem's policy"
  return set === 'in' ? "The owner's policy for incoming requests" : "The owner's policy for outgoing data"
}
