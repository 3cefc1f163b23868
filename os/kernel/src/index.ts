/**
 * The kernel: it wires the ports, keeps one office for each identity of the home, runs the three flows, and offers
 * `Operations`, the one face that every door (command line, HTTP, SDK) puts in its own words.
 */
export type {
  ChildFacts,
  ChildFiles,
  ChildHours,
  ChildLimits,
  GuardianOperations,
  LimitsChange,
  NewChild,
} from './children/operations.ts'
export { createKernel, type Kernel, type KernelOptions } from './kernel.ts'
export type {
  AccountOperations,
  AlertFacts,
  AuditFacts,
  AuditOperations,
  CommitFacts,
  Content,
  DriveOperations,
  EntryFacts,
  Finding,
  FindQuery,
  GetOptions,
  GrantFacts,
  HealthOperations,
  IdentityFacts,
  IdentityKindName,
  IdentityOperations,
  NewIdentity,
  NodeState,
  NodeStatus,
  OpenSharedOptions,
  Operations,
  PutOptions,
  PutProgress,
  PutReport,
  Ref,
  ResealProgress,
  ResealReport,
  SessionFacts,
  ShareOptions,
  SharingOperations,
  TreeEntry,
  VerifyReport,
  VersionFacts,
  Within,
} from './operations.ts'
export type { Cache, KernelPorts, PutCounts, SealedSink, SmallFile } from './ports.ts'
