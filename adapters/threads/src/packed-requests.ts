import { concatBytes } from '@anarq/bytes'
import type { EnvelopeRequest } from '@anarq/flows'

/** Facts that the requests of one put mostly share. */
type Rest = Omit<EnvelopeRequest['metadata'], 'name' | 'type' | 'createdMs' | 'modifiedMs' | 'mode'>

/**
 * Requests as a few columns: cloning a hundred objects with three arrays each for another thread costs more than sealing
 * two of them does, and leaves the collector three pieces of native memory for each.
 */
export type PackedRequests = {
  /** Of each request: id, digest and key of the body, and the version before where there is one. */
  readonly words: Uint8Array
  readonly numbers: Float64Array
  readonly names: readonly string[]
  readonly types: readonly string[]
  /** The same object where the facts are the same, which a clone keeps. */
  readonly rests: readonly Rest[]
}

const idBytes = 16
const wordBytes = 32
const numbersEach = 9

export function packRequests(requests: readonly EnvelopeRequest[]): PackedRequests {
  const numbers = new Float64Array(requests.length * numbersEach)
  const words: Uint8Array[] = []
  const rests: Rest[] = []
  for (const [i, { id, sequence, previous, body, metadata }] of requests.entries()) {
    const { name: _, type: __, createdMs, modifiedMs, mode = -1, ...rest } = metadata
    words.push(id, body.digest, body.key)
    if (previous !== undefined) words.push(previous)
    const { depth, plainBytes, storedBytes, chunks } = body
    const hasPrevious = Number(previous !== undefined)
    numbers.set(
      [sequence, hasPrevious, depth, plainBytes, storedBytes, chunks, createdMs, modifiedMs, mode],
      i * numbersEach,
    )
    const last = rests.at(-1)
    rests.push(last !== undefined && isSame(last, rest) ? last : rest)
  }
  return {
    words: concatBytes(...words),
    numbers,
    names: requests.map(({ metadata }) => metadata.name),
    types: requests.map(({ metadata }) => metadata.type),
    rests,
  }
}

/** The arrays of the requests are views of `words`. */
export function unpackRequests({ words, numbers, names, types, rests }: PackedRequests): EnvelopeRequest[] {
  let at = 0
  const take = (bytes: number): Uint8Array => {
    at += bytes
    return words.subarray(at - bytes, at)
  }
  return rests.map((rest, i) => {
    const [sequence, hasPrevious, depth, plainBytes, storedBytes, chunks, createdMs, modifiedMs, mode] =
      numbers.subarray(i * numbersEach, (i + 1) * numbersEach) as unknown as Nine
    const id = take(idBytes)
    const body = { digest: take(wordBytes), key: take(wordBytes), depth, plainBytes, storedBytes, chunks }
    const metadata = {
      ...rest,
      name: names[i] as string,
      type: types[i] as string,
      createdMs,
      modifiedMs,
      ...(mode < 0 ? {} : { mode }),
    }
    return { id, sequence, body, metadata, ...(hasPrevious === 0 ? {} : { previous: take(wordBytes) }) }
  })
}

type Nine = [number, number, number, number, number, number, number, number, number]

function isSame(a: Rest, b: Rest): boolean {
  return (
    a.tags === b.tags &&
    a.transforms.length === 0 &&
    b.transforms.length === 0 &&
    a.extra === undefined &&
    b.extra === undefined &&
    a.lock?.salt === b.lock?.salt &&
    a.lock?.params === b.lock?.params
  )
}
