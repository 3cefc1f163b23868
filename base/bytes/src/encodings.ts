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

const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Bitcoin's alphabet, without a multibase prefix. Quadratic: for keys and hashes, not for files. */
export function toBase58(bytes: Uint8Array): string {
  let zeros = 0
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1
  const digits: number[] = []
  for (const byte of bytes.subarray(zeros)) {
    let carry = byte
    for (let i = 0; i < digits.length; i += 1) {
      carry += (digits[i] as number) * 256
      digits[i] = carry % 58
      carry = Math.floor(carry / 58)
    }
    for (; carry > 0; carry = Math.floor(carry / 58)) digits.push(carry % 58)
  }
  let text = '1'.repeat(zeros)
  for (let i = digits.length - 1; i >= 0; i -= 1) text += base58Alphabet[digits[i] as number]
  return text
}

/** Throws `SyntaxError` on a character outside the alphabet. */
export function fromBase58(text: string): Uint8Array {
  let zeros = 0
  while (zeros < text.length && text[zeros] === '1') zeros += 1
  const bytes: number[] = []
  for (const character of text.slice(zeros)) {
    let carry = base58Alphabet.indexOf(character)
    if (carry < 0) throw new SyntaxError(`"${character}" is not in base58`)
    for (let i = 0; i < bytes.length; i += 1) {
      carry += (bytes[i] as number) * 58
      bytes[i] = carry & 0xff
      carry >>= 8
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff)
  }
  const out = new Uint8Array(zeros + bytes.length)
  for (let i = 0; i < bytes.length; i += 1) out[zeros + i] = bytes[bytes.length - 1 - i] as number
  return out
}
