import { Fault, type FaultCode, type Outcome, ok } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import { type Command, covers, type Did } from './command.ts'
import { type Delegation, delegationContext } from './delegation.ts'
import type { VerifyAs } from './identities.ts'
import { type AccessRequest, argumentsOf } from './request.ts'
import { describeStatement } from './statement.ts'

/** What an unbroken chain gives to who asks. */
export type Grant = {
  readonly owner: Did
  readonly subject: Did
  readonly action: Command
  /** From the owner's delegation to the one that names who asks. */
  readonly proofs: readonly Cid[]
  /** The time in which every link is valid; absent where no link says. */
  readonly fromMs?: number
  readonly toMs?: number
  readonly limits: readonly UseLimit[]
}

/** A delegation that may be used so often. */
export type UseLimit = { readonly cid: Cid; readonly usesMax: number }

/** Delegations whose signature was found good. */
export type VerifiedCache = { has(cid: Cid): boolean; add(cid: Cid): void }

export type ChainOptions = {
  readonly verify: VerifyAs
  readonly nowMs: number
  readonly verified?: VerifiedCache
}

export const chainLinksMax = 8

/** Remembers the last `entriesMax` delegations by their CID, which covers the signature too, so one check is enough. */
export function createVerifiedCache(entriesMax = 4096): VerifiedCache {
  const keys = new Set<string>()
  return {
    has(cid) {
      const key = cidKey(digestOf(cid))
      if (!keys.delete(key)) return false
      keys.add(key)
      return true
    },
    add(cid) {
      keys.add(cidKey(digestOf(cid)))
      if (keys.size <= entriesMax) return
      for (const oldest of keys) {
        keys.delete(oldest)
        return
      }
    },
  }
}

/**
 * Checks that the proofs, the owner's first, lead unbroken from the owner to who asks, that no link gives more than
 * the one before, and that every link allows this request now (https://github.com/ucan-wg/delegation, "Token
 * Validation"). Signatures are checked last, because they cost most. Every failure is a `refused.*` with a sentence.
 */
export function checkChain(
  proofs: readonly Delegation[],
  request: AccessRequest,
  { verify, nowMs, verified }: ChainOptions,
): Outcome<Grant> {
  const fault =
    brokenLink(proofs, request) ?? outsideLink(proofs, request, nowMs) ?? forgedLink(proofs, verify, verified)
  if (fault !== undefined) return { ok: false, fault }
  const starts = proofs.flatMap(({ nbf }) => (nbf === undefined ? [] : [nbf * 1000]))
  const ends = proofs.flatMap(({ exp }) => (exp === null ? [] : [exp * 1000]))
  return ok({
    owner: request.owner,
    subject: request.subject,
    action: request.action,
    proofs: proofs.map(({ cid }) => cid),
    limits: proofs.flatMap(({ cid, usesMax }) => (usesMax === undefined ? [] : [{ cid, usesMax }])),
    ...(starts.length === 0 ? {} : { fromMs: Math.max(...starts) }),
    ...(ends.length === 0 ? {} : { toMs: Math.min(...ends) }),
  })
}

/** Who gave what to whom: the shape of the chain, whatever the request. */
function brokenLink(proofs: readonly Delegation[], request: AccessRequest): Fault | undefined {
  if (proofs.length === 0) {
    return refuse('refused.no-grant', 'You have no permission for this. Ask its owner for one.')
  }
  if (proofs.length > chainLinksMax) {
    return refuse('refused.long-chain', `A permission may be passed on at most ${chainLinksMax - 1} times.`)
  }
  const passed = new Set<Did>([request.owner])
  let holder = request.owner
  let held: Command = '/'
  for (const [position, { iss, aud, sub, cmd }] of proofs.entries()) {
    if (sub !== request.owner) return at(position, 'refused.wrong-owner', 'is about things of another owner')
    if (iss !== holder)
      return at(position, 'refused.broken-chain', 'was given by somebody who did not hold it')
    if (!covers(held, cmd)) return at(position, 'refused.widened', 'gives more than the one before it')
    if (passed.has(aud)) return at(position, 'refused.cycle', 'leads back to somebody who held it before')
    passed.add(aud)
    holder = aud
    held = cmd
  }
  if (holder === request.subject) return undefined
  return refuse('refused.wrong-audience', 'This permission was given to somebody else.')
}

/** Whether every link allows this request, now. */
function outsideLink(
  proofs: readonly Delegation[],
  request: AccessRequest,
  nowMs: number,
): Fault | undefined {
  const args = argumentsOf(request)
  for (const [position, { nbf, exp, cmd, conditions }] of proofs.entries()) {
    if (nbf !== undefined && nowMs < nbf * 1000) return at(position, 'refused.not-yet', 'is not valid yet')
    if (exp !== null && nowMs > exp * 1000) return at(position, 'refused.expired', 'has expired')
    if (!covers(cmd, request.action)) {
      return at(position, 'refused.action', `allows ${cmd}, and this is ${request.action}`)
    }
    const unmet = conditions.firstUnmet(args)
    if (unmet !== undefined) {
      const words = `asks that ${describeStatement(unmet)}, and this request does not meet that`
      return at(position, 'refused.condition', words)
    }
  }
  return undefined
}

function forgedLink(
  proofs: readonly Delegation[],
  verify: VerifyAs,
  verified: VerifiedCache | undefined,
): Fault | undefined {
  for (const [position, { cid, iss, signature, signedBytes }] of proofs.entries()) {
    if (verified?.has(cid)) continue
    if (!verify(iss, signedBytes, signature, delegationContext)) {
      return at(position, 'refused.signature', 'does not carry a good signature of who gave it')
    }
    verified?.add(cid)
  }
  return undefined
}

function at(position: number, code: FaultCode, words: string): Fault {
  return refuse(
    code,
    `${position === 0 ? "The owner's permission" : `Permission ${position + 1} of the chain`} ${words}.`,
    {
      link: position,
    },
  )
}

function refuse(code: FaultCode, message: string, data: Readonly<Record<string, unknown>> = {}): Fault {
  return new Fault(code, message, { data })
}
