import type { Clock } from '@anarq/clock'
import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import type { Signer } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { chainLinksMax, createVerifiedCache } from './chain.ts'
import type { Did } from './command.ts'
import { type Delegation, type DelegationFields, type SealOptions, sealDelegation } from './delegation.ts'
import type { Identities, VerifyAs } from './identities.ts'
import { type Facts, type Judgement, judge } from './judge.ts'
import { createOwnStatus } from './own-status.ts'
import type { Policies, PolicyRule, PolicySetName } from './policies.ts'
import {
  type PolicyTexts,
  type Receipt,
  type ReceiptInputs,
  type SignedReceipt,
  signReceipts,
  writeReceipt,
} from './receipt.ts'
import { type AboutObject, type AccessRequest, readAccessRequest } from './request.ts'
import { createRulebook, type OwnTexts } from './rulebook.ts'
import { parseStatus, type StatusPort, type StatusSnapshot, verifyStatus } from './status.ts'
import type { UsesPort } from './uses.ts'

/** Keeps every decision; what it resolves is kept. The kernel's gives them to the audit log. */
export type Receipts = { keep(record: DecisionRecord): Promise<void> }

export type DecisionRecord = { readonly decision: Decision; readonly inputs: ReceiptInputs }

export type Decision = Judgement & { readonly receipt: Receipt }

/** An object that could be listed in an answer. */
export type Candidate = { readonly object: string; readonly about?: AboutObject }

/** A request and the decision that allowed it. */
export type Allowed = { readonly request: AccessRequest; readonly decision: Decision }

export type QonsentOptions = {
  /** An engine of this owner's alone: its sets are loaded here. */
  readonly policies: Policies
  readonly status: StatusPort
  readonly uses: UsesPort
  readonly identities: Identities
  readonly receipts: Receipts
  /** Whose consent this is. */
  readonly self: { readonly did: Did; readonly signer: Signer }
  readonly clock: Clock
  readonly random: Random
  /** What was in force when the node stopped. */
  readonly rules?: OwnTexts
  /** How long others may rely on a status of ours. */
  readonly statusMaxStaleMs?: number
  /** Whether doing this once uses a permission up by one; absent: all does. What counts none is refused all the same when it is used up. */
  readonly countsUse?: (action: string) => boolean
}

export type Qonsent = {
  /**
   * May who asks do this? Denies unless the chain, the identities, the revocations, the uses and every policy set
   * allow. `proofs` lead from the owner to who asks. A use is counted when the answer is yes, and the receipt is kept
   * before it is given. Throws `invalid.*` for a malformed request, and what a port throws: then nothing is allowed.
   */
  decide(request: AccessRequest, proofs: readonly Delegation[]): Promise<Decision>
  /** The decisions for each of these objects, in their order, so that an answer lists only what may be seen. */
  decideEach(
    request: Omit<AccessRequest, 'object' | 'about'>,
    candidates: readonly Candidate[],
    proofs: readonly Delegation[],
  ): Promise<readonly Decision[]>
  /**
   * What a decision that allowed a whole says now of one part of it, such as a file of a folder: the same permission,
   * with what is known of the part. It counts no use and makes no receipt: the decision on the whole did both.
   */
  judgePart(whole: Allowed, part: Candidate, proofs: readonly Delegation[]): Promise<Judgement>
  /** A delegation signed by this owner; the nonce is drawn here. */
  grant(fields: Omit<DelegationFields, 'nonce'>): { bytes: Uint8Array; cid: Cid; delegation: Delegation }
  /** Takes delegations back: the next decision here refuses them, and the snapshot carries it elsewhere. */
  revoke(delegations: readonly Cid[]): Promise<StatusSnapshot>
  /** The same revocations, signed anew with the time of now. */
  refreshStatus(): Promise<StatusSnapshot>
  /** Another issuer's snapshot: `refused.signature`, `refused.rollback`, `refused.forked-status`, or kept. */
  acceptStatus(bytes: Uint8Array): Promise<Outcome<StatusSnapshot>>
  /**
   * Puts texts in force beside the default ones for the next decision: the owner's for `in` and `out`, those of the
   * owner's communities for `ecosystem`. `invalid.policy` and `limit.policy` name the line, and change nothing.
   */
  setRules(set: PolicySetName, texts: readonly string[]): Outcome<readonly PolicyRule[]>
  /** The texts in force, the default one first. */
  policyTexts(): PolicyTexts
  /** One signature for a batch. */
  signReceipts(receipts: readonly Receipt[]): readonly SignedReceipt[]
}

const saltBytes = 16
const nonceBytes = 12

export function createQonsent({
  policies,
  status,
  uses,
  identities,
  receipts,
  self,
  clock,
  random,
  rules = {},
  statusMaxStaleMs = 86_400_000,
  countsUse = () => true,
}: QonsentOptions): Qonsent {
  const { did, signer } = self
  const sealing: SealOptions = { did, sign: (message, context) => signer.sign(message, context) }
  const verify: VerifyAs = (...claim) => identities.verify(...claim)
  const rulebook = createRulebook(policies, rules)
  const ownStatus = createOwnStatus(status, { sealing, clock, maxStaleMs: statusMaxStaleMs })
  const verified = createVerifiedCache()

  async function decide(input: AccessRequest, proofs: readonly Delegation[]): Promise<Decision> {
    const request = readAccessRequest(input)
    const known = await gather(request, proofs, { status, uses, identities })
    const facts = { ...known, by: did, atMs: clock.nowMs() }
    const first = judgeNow(facts)
    const limits = countsUse(request.action) ? (first.judgement.grant?.limits ?? []) : []
    const usedUp = limits.length === 0 ? undefined : await uses.take(limits)
    // Another decision took the last use since the facts were gathered: judge again with what is known now.
    const { judgement, inputs } = usedUp === undefined ? first : judgeNow(withoutUses(facts, usedUp))
    if (usedUp !== undefined && judgement.verdict === 'allow') {
      throw new Fault('internal.uses', 'A permission that nobody asked about was said to be used up.')
    }
    const decision = { ...judgement, receipt: writeReceipt(judgement, inputs) }
    await receipts.keep({ decision, inputs })
    return decision
  }

  /** With the texts that it was judged by: a rule may change while a port is awaited. */
  function judgeNow(facts: Facts): { judgement: Judgement; inputs: ReceiptInputs } {
    const inputs = { facts, policyTexts: rulebook.texts(), salt: random.bytes(saltBytes) }
    return { judgement: judge(facts, { policies, verify, verified }), inputs }
  }

  return {
    decide,
    async decideEach(request, candidates, proofs) {
      const decisions: Decision[] = []
      for (const candidate of candidates) decisions.push(await decide({ ...request, ...candidate }, proofs))
      return decisions
    },
    async judgePart(whole, part, proofs) {
      checkPermission(whole, proofs)
      const { about: _whole, ...asked } = whole.request
      const request = readAccessRequest({ ...asked, ...part })
      const known = await gather(request, proofs, { status, uses, identities })
      // Within a second many parts are asked about: to the rules that is one moment, whose answers an engine may know.
      const atMs = Math.floor(clock.nowMs() / momentMs) * momentMs
      // The use was counted for the whole, so that the count may have reached its end by now.
      const facts = { ...known, uses: new Map(), by: did, atMs }
      return judge(facts, { policies, verify, verified })
    },
    grant: (fields) => sealDelegation({ ...fields, nonce: random.bytes(nonceBytes) }, sealing),
    revoke: ownStatus.publish,
    refreshStatus: () => ownStatus.publish([]),
    async acceptStatus(bytes) {
      const snapshot = parseStatus(bytes)
      if (!verifyStatus(snapshot, verify)) {
        return failed(
          'refused.signature',
          'This list of revoked permissions is not signed by who it says issued it.',
        )
      }
      const outcome = await status.accept(snapshot)
      return outcome.ok ? ok(snapshot) : outcome
    },
    setRules: rulebook.replace,
    policyTexts: rulebook.texts,
    signReceipts: (batch) => signReceipts(signer, batch),
  }
}

const momentMs = 1000

/** Only what was allowed has parts, and only under the very permission that it was allowed by. */
function checkPermission({ decision }: Allowed, proofs: readonly Delegation[]): void {
  const allowed = decision.grant?.proofs ?? []
  const isSame =
    decision.verdict === 'allow' &&
    allowed.length === proofs.length &&
    allowed.every((cid, at) => proofs[at]?.cid.equals(cid) === true)
  if (!isSame)
    throw new Fault('internal.part', 'A part was judged under another permission than the whole it is of.')
}

type Ports = Pick<QonsentOptions, 'status' | 'uses' | 'identities'>

/** What the ports know of the identities and delegations that this request names; never of more than a chain's length. */
async function gather(
  request: AccessRequest,
  given: readonly Delegation[],
  { status, uses, identities }: Ports,
): Promise<Omit<Facts, 'by' | 'atMs'>> {
  const proofs = request.subject === request.owner ? [] : given.slice(0, chainLinksMax + 1)
  const issuers = [...new Set(proofs.map(({ iss }) => iss))]
  const dids = [...new Set([request.subject, request.owner, ...issuers])]
  const limited = proofs.filter(({ usesMax }) => usesMax !== undefined)
  const [states, statuses, counts] = await Promise.all([
    Promise.all(dids.map(async (did) => [did, await identities.stateOf(did)] as const)),
    Promise.all(issuers.map((issuer) => status.snapshotOf(issuer))),
    Promise.all(limited.map(async ({ cid }) => [cidKey(digestOf(cid)), await uses.usesOf(cid)] as const)),
  ])
  const known = statuses.filter((snapshot) => snapshot !== undefined)
  return {
    request,
    proofs,
    states: new Map(states),
    statuses: new Map(known.map((snapshot) => [snapshot.issuer, snapshot])),
    uses: new Map(counts),
  }
}

function withoutUses(facts: Facts, usedUp: Cid): Facts {
  return { ...facts, uses: new Map([...facts.uses, [cidKey(digestOf(usedUp)), Number.MAX_SAFE_INTEGER]]) }
}
