import { Fault } from '@anarq/fault'
import type { TreeEntry } from '@anarq/kernel'
import type { ContentFacts } from '../content-headers.ts'
import { record } from './import-format.ts'
import { createTarReader, type TarReader } from './reader.ts'

/** The entries of an export with facts. The content of each is read, or left, before the next is asked for. */
export async function* unpackTree(pieces: AsyncIterable<Uint8Array>): AsyncIterable<TreeEntry> {
  const tar = createTarReader(pieces)
  for (let one = await tar.next(); one !== undefined; one = await tar.next()) {
    const text = one.records.get(record.facts)
    if (text === undefined)
      throw new Fault(
        'unavailable.node',
        'The running node gave an answer that is not understood. Are both of the same version?',
      )
    const facts = JSON.parse(text) as ContentFacts
    const { entry } = facts
    if (entry.kind === 'folder') yield { entry: { ...entry, kind: 'folder' } }
    else yield { entry: { ...entry, kind: 'file' }, content: { ...facts, stream: bodyOf(tar) } }
  }
}

async function* bodyOf(tar: TarReader): AsyncIterable<Uint8Array> {
  for (let piece = await tar.piece(); piece !== undefined; piece = await tar.piece()) yield piece
}
