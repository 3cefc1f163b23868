/**
 * The swarm: neighbourhoods of up to 25 nodes that keep each other's blocks and heads.
 *
 * The space of places is divided by prefixes; a node's place is the hash of its key and a seed that nobody chose, so its
 * neighbourhood is nobody's choice either. Members agree on who is a member; whoever holds the proof of a view needs to ask
 * nobody. What belongs to an index is at the home of that index, found from its name alone.
 */
export { type Charge, charges } from './accusations.ts'
export {
  type Agreement,
  type Ballot,
  createAgreement,
  type Elector,
  type Equivocation,
  isEquivocation,
} from './agreement.ts'
export { type Card, type CardRules, createCard, createCardReader, searchCard } from './card.ts'
export {
  type Certificate,
  encodeCertificate,
  faultsOf,
  isCertified,
  quorumOf,
  readCertificate,
  readPhase,
  roundMax,
  type Subject,
} from './certificate.ts'
export { createFeedKey, type FeedKey, type IsSigned, isSignedHead, isSignedList } from './feed.ts'
export { createMemoryHeadStore, feedBytes, type HeadStore, type SignedHead } from './head-store.ts'
export type { Heads } from './heads.ts'
export { readKeptList, writeKeptList } from './kept-list.ts'
export {
  homeOfFeed,
  isUnder,
  membersMax,
  type Place,
  type Prefix,
  placeOfNode,
  rankFor,
  type Seat,
  seatOf,
} from './place.ts'
export { createSigning, type Signing, signatureBytesMax, signingOf } from './ports.ts'
export {
  countMax,
  type Guarantee,
  type Placed,
  type Receipt,
  type Replicas,
  receiptStatement,
} from './replicas.ts'
export { createRequests, type Requests } from './requests.ts'
export { createBail } from './standing.ts'
export { type BlockAt, type BlockNote, createMemoryStore, type Store } from './store.ts'
export { createSwarm, type Swarm, type SwarmOptions, type SwarmSettings, swarmDefaults } from './swarm.ts'
export { encodeProof, isProved, type Member, readProof, type View, type ViewProof, viewFor } from './view.ts'
