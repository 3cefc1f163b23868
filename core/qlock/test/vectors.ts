import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = resolve(root, process.env.ANARQ_VECTORS ?? '../shared/vectors')

/** For the `skip` of a test that needs outside vectors: false where the file is there. */
export function skipWithout(file: string): string | false {
  return existsSync(join(folder, file)) ? false : `the vectors ${file} are not here: set ANARQ_VECTORS`
}

export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T
}

export type WycheproofCase = Readonly<Record<string, string>> & {
  readonly tcId: number
  readonly flags: readonly string[]
  readonly size: number
  readonly msgLength: number
}
export type WycheproofGroup = {
  readonly keySize: number
  readonly ivSize: number
  readonly publicKey: string & { readonly pk: string }
  readonly tests: readonly WycheproofCase[]
}

/** Each case of a Wycheproof file, with its group and a name for messages. */
export function* wycheproof(name: string): Generator<[WycheproofCase, WycheproofGroup, string]> {
  const file = readVectors<{ testGroups: readonly WycheproofGroup[] }>(`wycheproof/${name}_test.json`)
  for (const group of file.testGroups) {
    for (const one of group.tests) yield [one, group, `${name} ${one.tcId}: ${one.comment}`]
  }
}

/** The bytes of a hexadecimal field, empty where it is absent. */
export function hex(text: string | undefined): Uint8Array {
  return Uint8Array.fromHex(text ?? '')
}

/** Gives these bytes and no more, for vectors that fix what is drawn. */
export function randomOf(bytes: Uint8Array): { bytes(length: number): Uint8Array } {
  let used = 0
  return {
    bytes(length) {
      if (used + length > bytes.length) throw new RangeError('the vector has no more random bytes')
      used += length
      return bytes.slice(used - length, used)
    },
  }
}

/** The bytes in pieces of these sizes, in turn. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] as number
    yield bytes.subarray(at, at + size)
    at += size
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part.slice())
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function flip(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ mask
  return copy
}
