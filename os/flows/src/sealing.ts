/** What a worker thread does: a door of its own into this package, so that a worker loads little else. */
import { primitives } from '@anarq/qlock'

export { type BlockKeys, openBlock, type Unopened } from './open-block.ts'
export { type EpochKey, type OpenedFile, openFiles, type StoredFile } from './open-file.ts'
export { type EnvelopeOwner, type EnvelopeRequest, type NamedBytes, sealEnvelopes } from './seal-envelopes.ts'
export { type SealedRange, type SealKeys, sealRange } from './seal-range.ts'

/** For a thread that is about to seal many little things. */
export const prepareMany: () => Promise<void> = primitives.warmUp
