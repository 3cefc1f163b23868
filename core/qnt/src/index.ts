/**
 * The one object format: everything that a person keeps or sends is an envelope (canonical DAG-CBOR, named by its
 * CID) over sealed blocks. Here are the envelope, the lists of chunks, the ping file, the single-file export, and the
 * `Blocks` port that stores implement. Byte by byte: docs/formats/qnt.md.
 */
export {
  type Block,
  type BlockClass,
  type Blocks,
  blockBytesMax,
  checkBlock,
  createMemoryBlocks,
} from './blocks.ts'
export { type Car, type CarOptions, encodeCarBlock, encodeCarHeader, readCar } from './car.ts'
export type { CarDamage } from './car-salvage.ts'
export { blocksOf, type ChunkRange, type PlacedChunk, readChunks } from './chunks.ts'
export {
  type Disclosure,
  disclose,
  encodeDisclosures,
  parseDisclosures,
  verifyDisclosure,
} from './commitments.ts'
export {
  asObjectId,
  createObjectId,
  type Envelope,
  envelopeBytesMax,
  envelopeContext,
  type Inner,
  type ObjectClass,
  type ObjectId,
  parseEnvelope,
  signedBytesOf,
  verifyEnvelope,
} from './envelope.ts'
export { type BodyRef, type ChunkRef, listDepthMax, listEntriesMax } from './list.ts'
export { createListBuilder, type ListBuilder, type ListBuilderOptions } from './list-builder.ts'
export type { LockRecord, Metadata, TransformRecord } from './metadata.ts'
export { openEnvelope } from './open.ts'
export {
  makePing,
  type ParsedPing,
  type Ping,
  parsePing,
  pingBytesMax,
  pingContext,
  verifyPing,
} from './ping.ts'
export { type QntFile, readQntFile, writeQntFile } from './qnt-file.ts'
export type { RunLimits, Runnable } from './runnables.ts'
export { addReader, type SealedEnvelope, type SealOptions, sealEnvelope } from './seal.ts'
export {
  contentKeyBytes,
  createReleases,
  type OpenReleases,
  openOwnSlots,
  openReleases,
  openSlot,
  type ReleaseBinding,
  type Releases,
  readerSlotBytes,
  readersMax,
  releaseSlotBytes,
  type Slot,
  type SlotOpener,
  unwrapForReader,
  wrapForReader,
  wrapOwn,
} from './slots.ts'
export { hashTerms, type Price, type Right, type Terms } from './terms.ts'
