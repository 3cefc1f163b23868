/**
 * One running node: the adapters plugged into the kernel, under the lock of its home folder, and the doors that
 * others come in by. This is the only place that knows which adapter is which.
 */
export { type CheckedProof, verifyAuditProofFile } from './audit-proof-file.ts'
export type { NetSettings } from './net/net.ts'
export { type Node, type NodeOptions, openNode } from './node.ts'
export { version } from './version.ts'
