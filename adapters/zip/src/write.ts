import { crc32 } from 'node:zlib'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import type { PackEntry } from '@anarq/wxa'
import { deflateSync } from 'fflate'
import { centralHeader, endRecord, type LaidEntry, localHeader } from './layout.ts'

/** A ZIP file of these entries, in this order: the same entries are the same bytes, on every machine. */
export function writeZip(entries: readonly PackEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  const laid: LaidEntry[] = []
  let offset = 0
  for (const { path, content, deflated } of entries) {
    const packed = deflated ?? content
    const entry: LaidEntry = {
      name: fromUtf8(path),
      method: deflated === undefined ? 0 : 8,
      crc32: crc32(content),
      bytes: content.length,
      packedBytes: packed.length,
      offset,
    }
    const header = localHeader(entry)
    parts.push(header, packed)
    laid.push(entry)
    offset += header.length + packed.length
  }
  const directory = concatBytes(...laid.map(centralHeader))
  return concatBytes(...parts, directory, endRecord(laid.length, directory.length, offset))
}

/**
 * Raw deflate in JavaScript: zlib's own result depends on the processor it runs on, and a package that is built twice would
 * not be the same. The memory level is fixed, because by default it follows from a logarithm of the length.
 */
export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 6, mem: 12 })
}
