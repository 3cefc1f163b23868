export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (let i = 0; i < parts.length; i += 1) length += (parts[i] as Uint8Array).length
  const joined = new Uint8Array(length)
  let offset = 0
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] as Uint8Array
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Takes the same time wherever the first difference is. Lengths are not secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** Lexicographic, as `Array.prototype.sort` wants it; a prefix comes before what it starts. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Throws `RangeError` when the lengths differ. */
export function xorBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new RangeError(`xorBytes: ${a.length} and ${b.length} bytes`)
  const out = new Uint8Array(a.length)
  for (let i = 0; i < a.length; i += 1) out[i] = (a[i] as number) ^ (b[i] as number)
  return out
}

/**
 * Whether the array has its whole buffer for itself. One byte more behind it does not count: whoever expands content makes
 * room for it, to see that no more comes.
 */
export function ownsBuffer({ buffer, byteOffset, length }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength - length <= 1
}

/**
 * Gives memory back now instead of when the collector comes, so that the next allocation finds it still in the
 * processor's cache. For arrays that own their whole buffer; others are left alone. Nobody may use it afterwards.
 */
export function discard(bytes: Uint8Array): void {
  if (ownsBuffer(bytes)) (bytes.buffer as ArrayBuffer).transfer(0)
}
