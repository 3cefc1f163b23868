/**
 * QNet's protocols. Each room (`@anarq/qnet/link`, …) is a state machine that opens no socket and reads no clock: the
 * node gives it real ones, the simulator gives a thousand of it virtual ones.
 */
export { type Buckets, type BucketsOptions, createBuckets } from './buckets.ts'
export { type DrawBase, drawCommittee, isDrawn } from './draw.ts'
export {
  codeOfEnd,
  type DatagramEvents,
  type Datagrams,
  type Exit,
  endOfCode,
  type Flow,
  type FlowEvents,
  joinFlows,
  type Services,
  type StreamEnd,
  type Target,
} from './flow.ts'
export { type NodeId, nodeIdBytes, nodeIdOf, parseNodeId, textOfNodeId } from './node-id.ts'
export { vrfHash, vrfHashBytes, vrfProofBytes, vrfProve, vrfVerify } from './vrf.ts'
export { messageBytesMax, type Wire, type World } from './world.ts'
