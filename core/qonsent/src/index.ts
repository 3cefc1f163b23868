/**
 * May this identity do this to that, now, for this purpose?
 *
 * A permission is a signed delegation in UCAN 1.0's shape that anybody can check offline; the policies of the
 * ecosystem and of the owner must allow too, a forbid anywhere wins, and what nothing allows is refused. Every decision
 * is a receipt of hashes that can be signed in batches and replayed.
 */
export {
  chainLinksMax,
  checkChain,
  createVerifiedCache,
  type Grant,
  type UseLimit,
  type VerifiedCache,
} from './chain.ts'
export { type Command, commandsAbove, covers, type Did, readCommand, readDid } from './command.ts'
export {
  type Delegation,
  type DelegationFields,
  delegationBytesMax,
  delegationContext,
  parseDelegation,
  type SealOptions,
  sealDelegation,
} from './delegation.ts'
export type { ChildLimits, Identities, IdentityState, VerifyAs } from './identities.ts'
export { type Facts, type Judgement, type Reason, shortLivedMs } from './judge.ts'
export {
  checkPolicyTexts,
  checkRules,
  createDenyAll,
  type Policies,
  type PolicyAnswer,
  type PolicyError,
  type PolicyRequest,
  type PolicyRule,
  type PolicySetName,
  type PolicyValue,
  policyRulesMax,
  policyTextCharactersMax,
  policyTextsMax,
  type RuleName,
} from './policies.ts'
export {
  defaultInPolicy,
  defaultOutPolicy,
  defaultTexts,
  ecosystemPolicy,
  policySchema,
} from './policy-texts.ts'
export {
  type Allowed,
  type Candidate,
  createQonsent,
  type Decision,
  type DecisionRecord,
  type Qonsent,
  type QonsentOptions,
  type Receipts,
} from './qonsent.ts'
export {
  type PolicyTexts,
  parseReceipt,
  type Receipt,
  type ReceiptFields,
  type ReceiptInputs,
  type Replay,
  receiptContext,
  replayReceipt,
  type SignedReceipt,
  signReceipts,
  verifyReceipt,
} from './receipt.ts'
export {
  readSignedReceipt,
  type SignedReceiptJson,
  signedReceiptToJson,
  type VerifiedReceipt,
} from './receipt-json.ts'
export {
  type AboutObject,
  type AccessRequest,
  type Direction,
  type ObjectTerms,
  readAccessRequest,
} from './request.ts'
export type { OwnTexts } from './rulebook.ts'
export { describeDelegation, type Standing, type StandingFacts, standingOf } from './standing.ts'
export {
  type Conditions,
  describeStatement,
  type PolicyStatement,
  readConditions,
  statementDepthMax,
  statementsMax,
} from './statement.ts'
export {
  checkSuccessor,
  createMemoryStatus,
  isFresh,
  parseStatus,
  revokedMax,
  type StatusFields,
  type StatusPort,
  type StatusSnapshot,
  sealStatus,
  statusContext,
  verifyStatus,
} from './status.ts'
export { createMemoryUses, type UsesPort } from './uses.ts'
