const encoder = new TextEncoder() as TextEncoder & {
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function fromUtf8(text: string): Uint8Array {
  if (text.length > scratchUnitsMax) return encoder.encode(text)
  const { written } = encoder.encodeInto(text, scratch)
  const bytes = scratch.slice(0, written)
  // Passphrases come here too.
  scratch.fill(0, 0, written)
  return bytes
}

/** Short texts are encoded here and copied: the engine makes native memory for each result of `encode`, however short. */
const scratchUnitsMax = 256
const scratch: Uint8Array<ArrayBuffer> = new Uint8Array(3 * scratchUnitsMax)

/** Throws `TypeError` where the bytes are no UTF-8. */
export function toUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex()
}

/** Throws `SyntaxError` on anything but an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.fromHex(text)
}

export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64()
}

export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** Strict: no padding missing or extra bits set. Throws `SyntaxError`. */
export function fromBase64Url(text: string): Uint8Array {
  if (text.includes('=')) throw new SyntaxError('base64url here carries no padding')
  const padded = text.padEnd(Math.ceil(text.length / 4) * 4, '=')
  return Uint8Array.fromBase64(padded, { alphabet: 'base64url', lastChunkHandling: 'strict' })
}
