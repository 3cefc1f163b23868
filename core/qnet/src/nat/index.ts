/**
 * Nodes behind routers: whether one can be dialled at all, two that cannot brought together by a broker, and a broker that
 * carries their sealed bytes, unread and within limits, for as long as nothing better works.
 */
export { type BrokerLimits, brokerLimits } from './broker.ts'
export { createNat, type Nat, type NatHost, type NatOptions } from './nat.ts'
export type { Path } from './paths.ts'
export type { Reachability } from './probe.ts'
