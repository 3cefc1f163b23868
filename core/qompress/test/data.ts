import { concatBytes } from '@anarq/bytes'

export const kib = 1024
export const mib: number = 1024 * 1024

/** Noise, repeatable and quick: xorshift32 (Marsaglia, 2003). */
export function noise(length: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  let x = seed >>> 0 || 1
  for (let i = 0; i < words.length; i += 1) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[i] = x
  }
  return new Uint8Array(words.buffer, 0, length)
}

/** Words from a list of 512, which zstd shrinks to less than half. */
export function prose(length: number, seed = 1): Uint8Array {
  const picks = noise(length, seed)
  const letters = noise(8 * 512, 99)
  const text = new Uint8Array(length + 16)
  for (let at = 0, i = 0; at < length; i += 2) {
    const word = ((picks[i % length] ?? 0) | ((picks[(i + 1) % length] ?? 0) << 8)) % 512
    const letterCount = 2 + (word % 7)
    for (let k = 0; k < letterCount; k += 1) text[at + k] = 97 + ((letters[word * 8 + k] ?? 0) % 26)
    text[at + letterCount] = 32
    at += letterCount + 1
  }
  return text.subarray(0, length)
}

/** A stream of these bytes, in pieces of these lengths over and over. */
export async function* inPieces(
  bytes: Uint8Array,
  lengths: readonly number[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? bytes.length
    yield bytes.slice(at, at + length)
    at += length
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return pieces
}

export async function join(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(...(await collect(source)))
}
