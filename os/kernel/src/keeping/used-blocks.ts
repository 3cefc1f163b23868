import type { Fault } from '@anarq/fault'
import { asFault } from '@anarq/fault'
import type { Cid } from '@anarq/ipld'
import { type FileVersion, type IndexRecord, readFile } from '@anarq/qindex'
import { blocksOf } from '@anarq/qnt'
import { isPurged, openVersion } from '../drive/versions.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'

export type UsedBlock = {
  readonly cid: Cid
  /** Of what makes files findable, or of what is in them. */
  readonly part: 'data' | 'meta'
}

/** Every block that something of this identity stands on: first all that names and opens things, then what is in them. Some come twice. */
export async function* usedBlocks(
  space: Space,
  { blocks }: Pick<KernelPorts, 'blocks'>,
  onFault: (fault: Fault) => void,
  /** Of a file: what it stands on is left out. */
  isLeftOut: (id: Uint8Array) => boolean = () => false,
): AsyncGenerator<UsedBlock> {
  for await (const cid of space.index.reachable({ onFault })) yield { cid, part: 'meta' }
  for await (const record of space.index.records({ onFault }))
    if (!isLeftOut(record.id)) for (const { cid } of versionsIn(record)) yield { cid, part: 'meta' }
  for await (const record of space.index.records({ onFault }))
    for (const version of isLeftOut(record.id) ? [] : versionsIn(record)) {
      try {
        for await (const cid of blocksOfVersion(space, { blocks }, version)) yield { cid, part: 'data' }
      } catch (error) {
        onFault(asFault(error))
      }
    }
}

/** What one version of a file stands on, its envelope first. */
export async function* blocksOfVersion(
  space: Space,
  { blocks }: Pick<KernelPorts, 'blocks'>,
  { cid }: Pick<FileVersion, 'cid'>,
): AsyncGenerator<Cid> {
  yield cid
  const { inner } = await openVersion(space, { blocks }, cid, 'a file')
  yield* blocksOf(blocks, inner)
}

/** Of a file that was not deleted for good. */
export function versionsIn(record: IndexRecord): readonly FileVersion[] {
  return record.kind === 'file' && !isPurged(record) ? readFile(record).versions : []
}
