/** What a worker thread does: a door of its own into this package, so that a worker loads little else. */

export { type BlockKeys, openBlock, type Unopened } from './open-block.ts'
export { type EnvelopeOwner, type EnvelopeRequest, type NamedBytes, sealEnvelopes } from './seal-envelopes.ts'
export { type SealedRange, type SealKeys, sealRange } from './seal-range.ts'
