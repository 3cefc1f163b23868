/**
 * The guardian and its log.
 *
 * `createGuardian` watches the three flows stage by stage, learns what is usual, scores risk, throttles, springs decoys
 * and raises alerts, from names, hashes, sizes and codes alone: it needs no content, and its types have no room for any.
 * `createAuditLog` keeps a sealed, signed, append-only log that anybody can check without opening it.
 */
export type { Alert, AlertQuery, Evidence, Severity } from './alarms.ts'
export {
  type AuditDetail,
  type AuditEntry,
  auditReceiptBytesMax,
  entryBytesMax,
  entryOfAlert,
} from './audit-entry.ts'
export {
  headFromJson,
  headToJson,
  type SignedHead,
  type SignedHeadJson,
  type TreeHead,
  verifyHead,
} from './audit-head.ts'
export { type AuditLog, type AuditLogOptions, createAuditLog } from './audit-log.ts'
export type { OpeningTrouble } from './audit-open.ts'
export {
  type AuditChain,
  type AuditConsistencyProof,
  type AuditProof,
  type AuditProofStep,
  type ProvedEntry,
  verifyAuditChain,
  verifyAuditConsistency,
  verifyAuditProof,
} from './audit-proof.ts'
export type { AuditQuery, AuditRecord, FindOptions } from './audit-search.ts'
export type { AuditFinding, AuditReport, VerifyOptions } from './audit-verify.ts'
export { type Baseline, countEvent, usualLimit } from './baseline.ts'
export type { Decoy, DecoyKind, Decoys, TouchHow } from './decoys.ts'
export { defaultRules } from './default-rules.ts'
export type { Flow, FlowEnd, StageFacts } from './flow.ts'
export {
  createGuardian,
  type FlowAbout,
  type FlowCounts,
  type Guardian,
  type GuardianOptions,
  type GuardianStatus,
  type WatchedFacts,
} from './guardian.ts'
export type { Incident } from './incidents.ts'
export { type GuardianLimits, guardianLimits } from './limits.ts'
export {
  createFramePlaces,
  encodeFrame,
  type FramePlaces,
  frameBody,
  frameHeaderBytes,
  type LogFrame,
  missingFrame,
  nextMagic,
  parseFrame,
  unreadableFrame,
} from './log-frame.ts'
export {
  createMemoryLog,
  type LogStore,
  leafBytes,
  type MemoryLogState,
  type StoreDamage,
  type StoredEntry,
} from './log-store.ts'
export { charge, levelOf, noRisk, type Risk, type RiskLevel, type RiskScore, scoreAt } from './risk.ts'
export {
  type ActionClass,
  type AlertKind,
  type BucketLimit,
  type IncidentKind,
  type Mode,
  parseRules,
  type Reaction,
  type Rules,
} from './rules.ts'
export {
  type AccessStage,
  type FlowKind,
  type FlowPath,
  flowPaths,
  type InStage,
  type OutStage,
  type Stage,
  type StageReport,
  trailDigest,
  type Verdict,
} from './stages.ts'
