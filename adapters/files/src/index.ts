/**
 * The disk of this machine: the home folder, small files kept twice, the audit log's files, and trees of a person's
 * files going in and coming out. Whatever the operating system says becomes a `Fault` that tells what to do.
 */
export { createCacheFolder } from './cache.ts'
export { diskFault, freeBytesAt, replaceFile } from './disk.ts'
export { readSeen, seenAt } from './disk-file.ts'
export { type Home, homePath, isHome, openHome } from './home.ts'
export { type Inspection, inspectHome } from './inspect.ts'
export { type Journal, type JournalOptions, journalRecordBytesMax, openJournal } from './journal.ts'
export { type LogFile, openLogFile } from './log-file.ts'
export { createOutput, type Output } from './output.ts'
export { openReserve, type Reserve } from './reserve.ts'
export { type ReadTreeOptions, readTree } from './tree.ts'
export { createTwinFile, type TwinFile, type TwinFileOptions } from './twin-file.ts'
export {
  checkPlace,
  type FileFacts,
  type Filling,
  openSeenTarget,
  writeFileBy,
  writeFileWhole,
  writeLink,
} from './write-file.ts'
