import { concatBytes } from '@anarq/bytes'
import type { OpenedFile, StoredFile } from '@anarq/flows'

/** Small files on their way out, as a few columns for the same reason as `PackedRequests`. */
export type PackedFiles = {
  /** Of each file: where its envelope lies in the memory and how long it is, and the same of its block. */
  readonly places: Uint32Array
  /** Of each file: the digests of both. */
  readonly digests: Uint8Array
}

/** What came of them; contents one behind another. */
export type PackedOpened = {
  readonly bytes: Uint8Array
  /** Of each file: the length of its content and its mode, -1 where there is none. */
  readonly facts: Float64Array
  readonly keyHashes: Uint8Array
}

const placesEach = 4
const factsEach = 2
const digestBytes = 32

/** The blocks are views of one memory. */
export function packFiles(files: readonly StoredFile[]): PackedFiles {
  const places = new Uint32Array(files.length * placesEach)
  const digests = new Uint8Array(files.length * 2 * digestBytes)
  for (const [i, { envelope, root }] of files.entries()) {
    places.set(
      [envelope.bytes.byteOffset, envelope.bytes.length, root.bytes.byteOffset, root.bytes.length],
      i * placesEach,
    )
    digests.set(envelope.digest, i * 2 * digestBytes)
    digests.set(root.digest, (i * 2 + 1) * digestBytes)
  }
  return { places, digests }
}

export function unpackFiles({ places, digests }: PackedFiles, memory: SharedArrayBuffer): StoredFile[] {
  const blockAt = (i: number) => ({
    bytes: new Uint8Array(memory, places[i * 2], places[i * 2 + 1]),
    digest: digests.subarray(i * digestBytes, (i + 1) * digestBytes),
  })
  return Array.from({ length: places.length / placesEach }, (_, i) => {
    return { envelope: blockAt(2 * i), root: blockAt(2 * i + 1) }
  })
}

export function packOpened(files: readonly (OpenedFile | undefined)[]): PackedOpened {
  const facts = new Float64Array(files.length * factsEach).fill(-1)
  const keyHashes = new Uint8Array(files.length * digestBytes)
  for (const [i, file] of files.entries()) {
    if (file === undefined) continue
    facts[i * factsEach] = file.bytes.length
    facts[i * factsEach + 1] = file.mode ?? -1
    keyHashes.set(file.keyHash, i * digestBytes)
  }
  return { bytes: concatBytes(...files.flatMap((file) => file?.bytes ?? [])), facts, keyHashes }
}

export function unpackOpened({ bytes, facts, keyHashes }: PackedOpened): (OpenedFile | undefined)[] {
  let end = 0
  return Array.from({ length: facts.length / factsEach }, (_, i) => {
    const [length = -1, mode = -1] = facts.subarray(i * factsEach, (i + 1) * factsEach)
    if (length < 0) return undefined
    end += length
    return {
      bytes: bytes.subarray(end - length, end),
      keyHash: keyHashes.subarray(i * digestBytes, (i + 1) * digestBytes),
      ...(mode < 0 ? {} : { mode }),
    }
  })
}
