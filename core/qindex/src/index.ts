/**
 * The encrypted index of one identity: what it has, under which names, and where the bytes are, readable by
 * nobody else. A signed history of commits over a Merkle trie of records; replicas that wrote apart converge.
 * A `View` is the picture of it that people ask and search.
 */
export { batchDigestsMax, type IndexProof } from './history/batch.ts'
export { batchContext, type CommitInfo, type IndexSigner } from './history/commit.ts'
export type { Grown } from './history/grown.ts'
export { compareHeads, createMemoryHeads, type HeadRef, type Heads, headsKept } from './history/heads.ts'
export type { IndexKeys } from './history/index-keys.ts'
export type { ReachableOptions } from './history/reachable.ts'
export type { Verification, VerifyOptions } from './history/verify.ts'
export { type CommitOptions, type IndexOptions, openIndex, type QIndex, type ReadOptions } from './qindex.ts'
export {
  type Change,
  type Field,
  type FieldValue,
  type IndexRecord,
  joinRecords,
  recordBytesMax,
} from './record/record.ts'
export { decodeRecord, encodeRecord } from './record/record-codec.ts'
export { compareStamps, type Stamp, stampKey } from './record/stamp.ts'
export {
  type FileFields,
  type FileVersion,
  type FolderFields,
  fieldNames,
  fileKind,
  folderKind,
  readFile,
  readFolder,
  readVersions,
  type VersionValue,
  versionField,
} from './view/drive-record.ts'
export { describeRecord, type EntryFacts } from './view/entry-facts.ts'
export {
  checkName,
  comparePlaced,
  deriveFolderId,
  findCycleCuts,
  isName,
  type Named,
  nameBytesMax,
  type Placement,
  shownNames,
} from './view/folders.ts'
export { createMemoryView } from './view/memory-view.ts'
export { freeFolderId, pathOf, resolvePath } from './view/paths.ts'
export {
  compareText,
  foldText,
  nameKey,
  type SearchTexts,
  scoreText,
  searchable,
  searchWords,
} from './view/search-text.ts'
export {
  catchUp,
  type Entry,
  type Page,
  type Query,
  queryLimit,
  type RecordSource,
  type View,
} from './view/view.ts'
