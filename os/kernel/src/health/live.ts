import { cidKey, digestOf } from '@anarq/ipld'
import { readFile } from '@anarq/qindex'
import { blocksOf } from '@anarq/qnt'
import { isPurged, openVersion } from '../drive/versions.ts'
import type { Office } from '../office.ts'

/** Every block that something of these identities still needs. Throws when a part cannot be read: then nothing may be freed. */
export async function liveBlocks(
  offices: readonly Office[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const live = new Set<string>()
  for (const { space, ports } of offices) {
    const { blocks } = ports
    for await (const cid of space.index.reachable()) live.add(cidKey(digestOf(cid)))
    for await (const record of space.index.records()) {
      signal?.throwIfAborted()
      const versions = record.kind === 'file' && !isPurged(record) ? readFile(record).versions : []
      for (const version of versions) {
        live.add(cidKey(digestOf(version.cid)))
        const { inner } = await openVersion(space, { blocks }, version.cid, 'a file')
        for await (const cid of blocksOf(blocks, inner)) live.add(cidKey(digestOf(cid)))
      }
    }
  }
  return live
}
