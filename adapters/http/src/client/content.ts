import { Fault } from '@anarq/fault'
import type { Content } from '@anarq/kernel'
import { type ContentFacts, decodeHeader, entryHeader } from '../content-headers.ts'
import { readLines } from '../ndjson.ts'
import { faultOfProblem } from '../problem.ts'
import type { Answer } from './wire.ts'

type Range = { fromByte?: number | undefined; toByte?: number | undefined }

/** A streamed content, with what its header says of it. */
export function contentOf(answer: Answer, { fromByte = 0, toByte }: Range = {}): Content {
  const header = answer.header(entryHeader)
  if (header === undefined) throw faultOfProblem(undefined)
  const facts = decodeHeader(header) as ContentFacts
  return { ...facts, stream: counted(answer.pieces, (toByte ?? facts.bytes) - fromByte) }
}

/** The last event of a stream of them; every other goes to `onProgress`. */
export async function lastEvent<T, P>(answer: Answer, onProgress?: (progress: P) => void): Promise<T> {
  try {
    for await (const event of readLines(answer.pieces)) {
      const { progress, report, error } = event as { progress?: P; report?: T; error?: unknown }
      if (error !== undefined) throw faultOfProblem(error)
      if (report !== undefined) return report
      if (progress !== undefined) onProgress?.(progress)
    }
  } finally {
    answer.stop()
  }
  throw new Fault(
    'unavailable.node',
    'The running node stopped before it said how this ended. See whether it still runs, and try again.',
  )
}

async function* counted(pieces: AsyncIterable<Uint8Array>, bytes: number): AsyncIterable<Uint8Array> {
  let left = bytes
  for await (const piece of pieces) {
    left -= piece.length
    yield piece
  }
  if (left !== 0)
    throw new Fault('unavailable.node', 'The running node sent less than it announced. Try again.')
}
