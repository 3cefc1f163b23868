import { Fault } from '@anarq/fault'
import type { TreeEntry } from '@anarq/kernel'
import type { ContentFacts } from '../content-headers.ts'
import { readFaultRecord } from './fault-record.ts'
import { record } from './import-format.ts'
import { createTarReader, type TarEntry } from './reader.ts'

/**
 * The entries of an export with facts. The content of each is read, or left, before the next is asked for; where it could
 * not be read, its stream says why.
 */
export async function* unpackTree(pieces: AsyncIterable<Uint8Array>): AsyncIterable<TreeEntry> {
  const tar = createTarReader(pieces)
  /** Read already, to see whether the file before it is whole. */
  let ahead: { entry: TarEntry | undefined } | undefined
  const next = async (): Promise<TarEntry | undefined> => {
    const { entry } = ahead ?? { entry: await tar.next() }
    ahead = undefined
    return entry
  }
  async function* bodyOf(): AsyncIterable<Uint8Array> {
    for (let piece = await tar.piece(); piece !== undefined; piece = await tar.piece()) yield piece
    ahead ??= { entry: await tar.next() }
    const fault = ahead.entry?.records.get(record.fault)
    if (fault !== undefined) throw readFaultRecord(fault)
  }
  for (let one = await next(); one !== undefined; one = await next()) {
    if (one.records.has(record.fault)) continue
    const facts = factsOf(one)
    const skipped = one.records.get(record.skipped)
    const { entry } = facts
    if (entry.kind === 'folder') yield { entry: { ...entry, kind: 'folder' } }
    else if (one.records.has(record.left))
      yield { entry: { ...entry, kind: 'file' }, content: { ...facts, stream: bodyOf(), isLeft: true } }
    else {
      const stream = skipped === undefined ? bodyOf() : failing(readFaultRecord(skipped))
      yield { entry: { ...entry, kind: 'file' }, content: { ...facts, stream } }
    }
  }
}

function factsOf({ records }: TarEntry): ContentFacts {
  const text = records.get(record.facts)
  if (text !== undefined) return JSON.parse(text) as ContentFacts
  throw new Fault(
    'unavailable.node',
    'The running node gave an answer that is not understood. Are both of the same version?',
  )
}

function failing(fault: Fault): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(fault) }) }
}
