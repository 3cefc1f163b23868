/**
 * The three flows of AnarQ, stage by stage.
 *
 * In: raw → compressed → sealed → registered → checked → stored. Access: requested → signed → verified → decided.
 * Out: an allowed access, then located → fetched → checked → unsealed → expanded → delivered. Each stage is a type
 * that only the stage before can make, and each reports to the guardian.
 */
export {
  type Authorised,
  accessMessage,
  type DecisionFacts,
  decide,
  decidedElsewhere,
  type Freshness,
  type Requested,
  receiveSigned,
  requestAccess,
  type Signed,
  signRequested,
  type Verified,
  verifySigned,
} from './access.ts'
export {
  byPlaceBytesMin,
  type ContentReader,
  type DiskFile,
  type DiskTarget,
  type PutFile,
  type PutFolder,
  type PutItem,
  type PutSkipped,
  type SmallContent,
  type StreamContent,
  smallBytesMax,
  streamContent,
  unseenFile,
} from './content.ts'
export { type BlockSink, type IntakeOptions, type IntakeResult, intake, type Sealed } from './intake.ts'
export { type BlockKeys, openBlock, type Unopened } from './open-block.ts'
export { type EpochKey, type OpenedFile, openFiles, type StoredBlock, type StoredFile } from './open-file.ts'
export { type BlockSource, type DeliverOptions, deliver, deliverOpened } from './output.ts'
export { type EnvelopeOwner, type EnvelopeRequest, type NamedBytes, sealEnvelopes } from './seal-envelopes.ts'
export { type SealedRange, type SealKeys, sealRange } from './seal-range.ts'
export {
  type BlockRoom,
  createLocalSealer,
  type LocalSealerOptions,
  type Sealer,
  type SealRange,
  sealedExtraBytesMax,
  sealedRoomOf,
  type Window,
} from './sealer.ts'
export {
  type Checked,
  check,
  type Registered,
  register,
  type Stored,
  type StoreOptions,
  store,
} from './store.ts'
export { createWindowPool, type WindowMemory, type WindowPool } from './window-pool.ts'
