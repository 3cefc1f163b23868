import { Fault } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import { type IndexRecord, joinRecords, recordBytesMax, recordOf } from '../record/record.ts'
import { decodeRecord, encodeRecord } from '../record/record-codec.ts'
import type { StampClock } from '../record/stamp.ts'
import type { Patch } from '../trie/packed.ts'
import type { CommitRequest } from './commit-queue.ts'

/**
 * What some callers want, as patches of the trie; each caller writes under a stamp of its own, the later the greater. `onWritten` is
 * told of each record as it is then.
 */
export function patchesOf(
  requests: readonly CommitRequest[],
  stamps: StampClock,
  onWritten: (record: IndexRecord) => void,
): Patch[] {
  const wanted = new Map<string, IndexRecord>()
  for (const { changes } of requests) {
    if (changes.length === 0) continue
    const stamp = stamps.tick()
    for (const change of changes) {
      const key = cidKey(change.id)
      const record = recordOf(change, stamp)
      const before = wanted.get(key)
      wanted.set(key, before === undefined ? record : overlay(before, record))
    }
  }
  const sorted = [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([, record]) => ({ id: record.id, onto: (before) => write(record, before, onWritten) }))
}

/** Within one caller's changes the stamps are equal, and the later word counts. */
function overlay(before: IndexRecord, later: IndexRecord): IndexRecord {
  checkKind(before, later)
  return { ...before, fields: new Map([...before.fields, ...later.fields]) }
}

function write(
  record: IndexRecord,
  before: Uint8Array | undefined,
  onWritten: (record: IndexRecord) => void,
): Uint8Array {
  const joined = before === undefined ? record : joinWith(decodeRecord(before), record)
  const encoded = encodeRecord(joined)
  if (encoded.length <= recordBytesMax) {
    onWritten(joined)
    return encoded
  }
  throw new Fault(
    'limit.record',
    `One entry of the index would take ${encoded.length} bytes, more than ${recordBytesMax}. Purge old versions or shorten it.`,
  )
}

function joinWith(before: IndexRecord, record: IndexRecord): IndexRecord {
  checkKind(before, record)
  return joinRecords(before, record)
}

function checkKind(before: IndexRecord, later: IndexRecord): void {
  if (before.kind === later.kind) return
  throw new Fault(
    'conflict.kind',
    `This entry is a ${before.kind} and cannot become a ${later.kind}. Make a new one.`,
  )
}
