/**
 * App packages as ZIP files, behind wxa's `Archive` port: a reader on yauzl that takes the one layout of packages and
 * nothing else, and a writer of that layout.
 */
export { openZipBytes, openZipFile } from './read.ts'
export { deflate, writeZip } from './write.ts'
