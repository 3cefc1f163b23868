import { Buffer } from 'node:buffer'

/** Bytes whose content is whatever lay in memory. */
export function allocate(length: number): Uint8Array {
  return plain(Buffer.allocUnsafeSlow(length))
}

/** The same memory without Buffer's methods, for large results that own theirs. */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}

/** A copy, with the original overwritten: no native memory or shared pool hangs on a small result, nor keeps it. */
export function take(buffer: Buffer): Uint8Array {
  const own = new Uint8Array(buffer)
  buffer.fill(0)
  return own
}
