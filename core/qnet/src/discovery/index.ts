/**
 * How nodes find each other without anybody's server: seeds, a cache, greeting, gossip of signed records, look-ups by id over
 * disjoint paths, pointers near their keys, and agreement on the relays of a period.
 */
export { ownSet, type StateSet } from '../state-set.ts'
export type { AgreementSettings } from './agreement.ts'
export { readCache } from './cache.ts'
export {
  createDiscovery,
  type Discovery,
  type DiscoveryStatus,
  type Listed,
  type Standing,
} from './discovery.ts'
export type { Description } from './own-record.ts'
export type { DiscoveryOptions } from './parts.ts'
export {
  keyOfPointer,
  type Pointer,
  parsePointer,
  pointerBody,
  type SignedPointer,
  type VerifyPointer,
  writePointer,
} from './pointers.ts'
export {
  type Contact,
  contactOfRecord,
  type OpenSeedListOptions,
  openSeedList,
  type SeedList,
  type SeedListSigner,
  signSeedList,
} from './seeds.ts'
export { type DiscoverySettings, discoverySettings } from './settings.ts'
export { baseOfSet, type JudgeOptions, judgeState, type NetworkState } from './state.ts'
