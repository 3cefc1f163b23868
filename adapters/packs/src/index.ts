/**
 * Blocks and heads in append-only pack files. Data blocks are kept once, meta blocks and heads twice, in files of
 * their own; an index in SQLite says where each one is, and is made again from the packs whenever it is missing or
 * wrong. What was flushed survives a crash at any moment.
 */
export type { PackBlocks, SealedBlock } from './blocks.ts'
export type { CompactProgress, CompactResult } from './compact.ts'
export { openPacks, type PackLimits, type PackOptions, type PackStats, type Packs } from './open-packs.ts'
export type { PutCounts } from './placement.ts'
export type { ScrubStep } from './scrub.ts'
