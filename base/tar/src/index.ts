/** Blocks of tar archives, ustar and pax, for whoever packs or unpacks one: bytes in, bytes out, no streams. */
export {
  blockBytes,
  malformed,
  octalMax,
  paddingOf,
  type RawHeader,
  readHeader,
  tarType,
  writeHeader,
} from './header.ts'
export { type PaxRecords, readPax, writePax } from './pax.ts'
export { type EntryHead, encodeHead, paddingFor, tarEnd } from './writer.ts'
