const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function fromUtf8(text: string): Uint8Array {
  return encoder.encode(text)
}

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
