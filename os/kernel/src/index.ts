/**
 * The kernel: it wires the ports, keeps one office for each identity of the home, runs the three flows, and offers
 * `Operations`, the one face that every door (command line, HTTP, SDK) puts in its own words.
 */

export type {
  AccountOperations,
  NewPasskeyInput,
  NodeState,
  NodeStatus,
  PasskeyFacts,
  PasskeySlotFacts,
  SessionFacts,
} from './account-operations.ts'
export type { AlertFacts, AuditFacts, AuditOperations, FlowFacts, RiskFacts } from './audit-operations.ts'
export type { Branches, HeldBranch } from './branches/desk.ts'
export type { Applicant, BranchFacts, BranchMemberFacts, NewBranch } from './branches/operations.ts'
export { verifyBranchProof } from './branches/verifying.ts'
export type {
  ChildFacts,
  ChildFiles,
  ChildHours,
  ChildLimits,
  GuardianOperations,
  LimitsChange,
  NewChild,
} from './children/operations.ts'
export { placeOfFile, putOne, putWhole } from './drive/put-whole.ts'
export { isSystemPath, systemFolder } from './drive/system-folder.ts'
export type {
  BackupReport,
  Finding,
  HealthOperations,
  RestoreReport,
  StorageFacts,
  VerifyReport,
} from './health/operations.ts'
export type { Keeping } from './keeping/desk.ts'
export type { KeepingStep } from './keeping/keeper.ts'
export type {
  KeepingOperations,
  KeptCounts,
  KeptEntryFacts,
  KeptFacts,
  KeptGuarantee,
  ReturnFacts,
} from './keeping/operations.ts'
export { createKernel, type Kernel, type KernelOptions } from './kernel.ts'
export type {
  CommitFacts,
  Content,
  CopyPlace,
  DriveOperations,
  EntryFacts,
  FindQuery,
  GetOptions,
  GrantFacts,
  IdentityFacts,
  IdentityKindName,
  IdentityOperations,
  MovePlace,
  NewIdentity,
  OpenSharedOptions,
  Operations,
  PersonFacts,
  PutOptions,
  PutProgress,
  PutReport,
  RecoveryFacts,
  Ref,
  ResealProgress,
  ResealReport,
  ShareOptions,
  SharingOperations,
  TreeEntry,
  VersionFacts,
  Within,
} from './operations.ts'
export type {
  BoundBlocks,
  BranchNeighbours,
  BranchPorts,
  Cache,
  KernelPorts,
  Neighbours,
  Peers,
  PutCounts,
  Room,
  SealedSink,
  SmallFile,
} from './ports.ts'
export type {
  DetailsChange,
  EntryDetails,
  EntryProperty,
  NewToolKey,
  PlaceInDrive,
  PropertyName,
  ToolAccess,
  ToolDoor,
  ToolDrive,
  ToolKeyFacts,
  ToolOperations,
  ToolRights,
} from './tools/operations.ts'
