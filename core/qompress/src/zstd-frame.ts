/** Windows up to this size are accepted whatever the content's length: RFC 8878, section 3.1.1.1.2 asks for 8 MiB. */
const windowBytesMax = 8 * 1024 * 1024
const blockHeaderBytes = 3
const checksumBytes = 4

/**
 * True when the bytes are exactly one zstd frame (RFC 8878, section 3.1.1), without a dictionary, that does not
 * contradict `plainBytes` and does not ask its reader for a larger window than that needs. Only the structure is
 * read: decoders themselves accept bytes, skippable frames and further frames after the first, and would give one
 * content many encodings.
 */
export function isOneZstdFrame(bytes: Uint8Array, plainBytes: number): boolean {
  const at = endOfFrameHeader(bytes, plainBytes)
  if (at < 0) return false
  const end = endOfBlocks(bytes, at)
  if (end < 0) return false
  const hasChecksum = (byteAt(bytes, 4) & 0x04) !== 0
  return end + (hasChecksum ? checksumBytes : 0) === bytes.length
}

function endOfFrameHeader(bytes: Uint8Array, plainBytes: number): number {
  const magic = readLittleEndian(bytes, 0, 4)
  const descriptor = byteAt(bytes, 4)
  const hasReservedBits = (descriptor & 0x18) !== 0
  const hasDictionary = (descriptor & 0x03) !== 0
  if (magic !== 0xfd2fb528 || hasReservedBits || hasDictionary) return -1

  let at = 5
  const isSingleSegment = (descriptor & 0x20) !== 0
  if (!isSingleSegment) {
    if (windowBytesOf(byteAt(bytes, at)) > Math.max(windowBytesMax, plainBytes)) return -1
    at += 1
  }
  const sizeFlag = descriptor >> 6
  if (sizeFlag === 0 && !isSingleSegment) return at
  const sizeBytes = 1 << sizeFlag
  const contentBytes = readLittleEndian(bytes, at, sizeBytes) + (sizeFlag === 1 ? 256 : 0)
  return contentBytes === plainBytes ? at + sizeBytes : -1
}

function windowBytesOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 0x07)
}

function endOfBlocks(bytes: Uint8Array, start: number): number {
  let at = start
  let isLast = false
  while (!isLast) {
    const header = readLittleEndian(bytes, at, blockHeaderBytes)
    isLast = (header & 1) === 1
    const type = (header >> 1) & 0x03
    const isRunLength = type === 1
    if (type === 3) return -1
    at += blockHeaderBytes + (isRunLength ? 1 : header >> 3)
    if (!(at <= bytes.length)) return -1
  }
  return at
}

/** NaN past the end, which then equals nothing. */
function readLittleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = length - 1; i >= 0; i -= 1) value = value * 256 + (bytes[at + i] ?? Number.NaN)
  return value
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0xff
}
