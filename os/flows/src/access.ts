import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor } from '@anarq/ipld'
import type { Flow, Guardian } from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import type { AboutObject, AccessRequest, Decision, Delegation, Qonsent } from '@anarq/qonsent'

/** What somebody wants, not yet anybody's word. */
export type Requested = {
  readonly stage: 'requested'
  readonly flow: Flow
  readonly request: AccessRequest
  readonly bytes: Uint8Array
}

/** With a signature that nobody has checked. */
export type Signed = {
  readonly stage: 'signed'
  readonly requested: Requested
  readonly signature: Uint8Array
}

/** The identity named in the request did sign it. */
export type Verified = { readonly stage: 'verified'; readonly requested: Requested }

/** Qonsent allowed it: the only thing that Qindex answers to. */
export type Authorised = {
  readonly stage: 'decided'
  readonly flow: Flow
  readonly request: AccessRequest
  readonly decision: Decision
}

/** Makes a request that crosses a network good once: signed with it, remembered by whoever decides. */
export type Freshness = {
  /** 16 random bytes. */
  readonly nonce: Uint8Array
  readonly atMs: number
}

/** First stage: the request in its canonical bytes. The guardian may already say that it is too much. */
export function requestAccess(guardian: Guardian, request: AccessRequest, fresh?: Freshness): Requested {
  guardian.allow(request.subject, request.action)
  const flow = guardian.begin('access', request.subject, request.object)
  const asked = { ...request, purpose: request.purpose ?? null }
  const bytes = encodeCbor(fresh === undefined ? asked : { ...asked, fresh: { ...fresh } })
  flow.report('requested', { hash: hashBlake3(bytes) })
  return { stage: 'requested', flow, request, bytes }
}

/** Second stage: the asking identity's light signature (Ed25519, domain separated) over the canonical bytes. */
export function signRequested(
  requested: Requested,
  sign: (message: Uint8Array, context: string) => Uint8Array,
): Signed {
  const signature = sign(requested.bytes, accessContext)
  requested.flow.report('signed', { hash: hashBlake3(signature) })
  return { stage: 'signed', requested, signature }
}

/** Second stage of a request that was signed elsewhere, and came with its signature. */
export function receiveSigned(requested: Requested, signature: Uint8Array): Signed {
  requested.flow.report('signed', { hash: hashBlake3(signature) })
  return { stage: 'signed', requested, signature }
}

/** Another node verified and decided: what is left of the flow here goes on under the hash of its answer. */
export function decidedElsewhere({ requested: { flow } }: Signed, answer: Uint8Array): Flow {
  const hash = hashBlake3(answer)
  flow.report('verified', { hash })
  flow.report('decided', { hash })
  return flow
}

/** Third stage. A request that a door has verified already (HTTP message signatures) comes with `isVerified` of its own. */
export function verifySigned(
  { requested, signature }: Signed,
  verify: (did: string, message: Uint8Array, signature: Uint8Array, context: string) => boolean,
): Verified {
  if (!verify(requested.request.subject, requested.bytes, signature, accessContext)) {
    requested.flow.end('refused', 'refused.signature')
    throw new Fault(
      'refused.signature',
      'The request is not signed by the identity that it names. Sign it again with the right identity.',
    )
  }
  requested.flow.report('verified', { hash: hashBlake3(signature) })
  return { stage: 'verified', requested }
}

/** What the decider adds to a request: the permissions it rests on, and what is known of the object. */
export type DecisionFacts = {
  readonly proofs: readonly Delegation[]
  readonly about?: AboutObject | undefined
}

/** Fourth stage: by default nothing. A refusal ends here, and the index is never asked. */
export async function decide(
  { requested }: Verified,
  qonsent: Qonsent,
  { proofs, about }: DecisionFacts,
): Promise<Authorised> {
  const { flow } = requested
  // What is known of the object comes from the decider; whatever an asker says about it counts for nothing.
  const { about: _claimed, ...asked } = requested.request
  const request: AccessRequest = about === undefined ? asked : { ...asked, about }
  const decision = await qonsent.decide(request, proofs)
  flow.report('decided', { hash: decision.receipt.cid.multihash.digest })
  if (decision.verdict === 'deny') {
    flow.end('refused', decision.code)
    throw new Fault(
      decision.code.startsWith('refused.') ? (decision.code as `refused.${string}`) : 'refused.consent',
      decision.sentence,
      { data: { receipt: decision.receipt.cid.toString() } },
    )
  }
  return { stage: 'decided', flow, request, decision }
}

const accessContext = 'q/v1/access'

/** For doors that sign outside: the bytes under the signature are these, in this context. */
export function accessMessage(request: AccessRequest): { message: Uint8Array; context: Uint8Array } {
  return {
    message: encodeCbor({ ...request, purpose: request.purpose ?? null }),
    context: fromUtf8(accessContext),
  }
}
