/**
 * Qompress: what enters is cut into chunks, each chunk compressed where that helps, and, when its owner asks, locked
 * a second time, all before Qlock seals it.
 *
 * Everything here is deterministic under an owner's secrets, so that equal content is stored once and an
 * interrupted upload meets the same bytes again.
 */
export {
  type Chunker,
  type ChunkLimits,
  chunkBytesAverage,
  chunkBytesMax,
  chunkBytesMin,
  chunksOf,
  createChunker,
} from './chunker.ts'
export type { Decompress } from './codec.ts'
export {
  type FrameCodec,
  type FrameInfo,
  type FrameParts,
  frameHeaderBytesMax,
  type OpenOptions,
  openFrame,
  type PackOptions,
  packFrame,
  packFrameParts,
  readFrameHeader,
} from './frame.ts'
export { addLock, createLock, deriveLockKey, type Lock, lockOverheadBytes, openLock } from './lock.ts'
export { looksCompressible } from './probe.ts'
export { countFrame, describeSaving, noFrames, type SavingStats, type Sizes, savingOf } from './saving.ts'
export {
  type ByteStream,
  createTransforms,
  losslessTransforms,
  type Transform,
  type TransformRecord,
  type Transforms,
} from './transforms.ts'
