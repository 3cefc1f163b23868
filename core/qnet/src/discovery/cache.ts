import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import { type NodeRecord, recordBytesMax, verifyRecord } from '../record/index.ts'
import { type Contact, contactOfRecord } from './seeds.ts'

/** Beyond, a restart needs no more. */
export const cachedNodesMax = 64
const what = 'The cache of peers'

export function writeCache(records: readonly NodeRecord[]): Uint8Array {
  return encodeCbor({ v: 1, nodes: records.slice(0, cachedNodesMax).map(({ bytes }) => bytes) })
}

/**
 * Whom a node knew when it was stopped: records that are long over still say where somebody was. Each is verified again, since
 * disks lie; one that is damaged is left out. `damaged.peer-cache` where nothing reads.
 */
export function readCache(bytes: Uint8Array): readonly Contact[] {
  let values: readonly unknown[]
  try {
    const fields = readFields(decodeCbor(bytes, what), ['v', 'nodes'], what)
    readInt(fields.v, 'Its version', { min: 1, max: 1 })
    values = readArray(fields.nodes, what, { max: cachedNodesMax })
  } catch (cause) {
    throw new Fault(
      'damaged.peer-cache',
      'The cache of peers does not read: start from seeds or an invitation.',
      {
        cause,
      },
    )
  }
  return values.flatMap((value) => {
    try {
      return [contactOfRecord(verifyRecord(readBytes(value, 'A node', { max: recordBytesMax }), 0))]
    } catch {
      return []
    }
  })
}
