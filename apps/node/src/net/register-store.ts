import { join } from 'node:path'
import { concatBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import { openJournal } from '@anarq/files'
import type { RegisterStore } from '@anarq/qnet/registers'

/** A file with this many more records than it needs is written anew. */
const looseRecordsMax = 4096

/**
 * One journal, every record of which is durable before anybody is told: a vote that this node does not find again after a crash could be
 * given twice. It lies there plain: what is secret in a register is sealed by its owner, the rest is for anybody who asks.
 */
export async function openRegisterStore({
  folder,
  onFault,
}: {
  readonly folder: string
  readonly onFault: (fault: Fault) => void
}): Promise<{ readonly store: RegisterStore; close(): Promise<void> }> {
  const kept = new Map<string, Uint8Array>()
  const journal = await openJournal({
    path: join(folder, 'registers.journal'),
    onFault,
    onRecord(record) {
      const { key, value } = readRecord(record)
      if (value === undefined) kept.delete(key.toHex())
      else kept.set(key.toHex(), value)
    },
  })
  const failed = (error: unknown): void => onFault(asFault(error))
  const records = (): Uint8Array[] =>
    [...kept].map(([name, value]) => writeRecord(Uint8Array.fromHex(name), value))
  return {
    store: {
      *entries() {
        for (const [name, value] of kept) yield [Uint8Array.fromHex(name), value] as const
      },
      set(key, value, done) {
        const name = key.toHex()
        const copy = value?.slice()
        if (copy === undefined) kept.delete(name)
        else kept.set(name, copy)
        journal.append(writeRecord(key, copy)).then(
          () => done(true),
          (error: unknown) => {
            failed(error)
            done(false)
          },
        )
        if (journal.count() > 2 * kept.size + looseRecordsMax) journal.rewrite(records).catch(failed)
      },
    },
    close: journal.close,
  }
}

/** How long the key is, whether there is a value, and both. */
function writeRecord(key: Uint8Array, value: Uint8Array | undefined): Uint8Array {
  const head = Uint8Array.of(key.length, value === undefined ? 0 : 1)
  return concatBytes(head, key, value ?? new Uint8Array(0))
}

function readRecord(record: Uint8Array): { key: Uint8Array; value: Uint8Array | undefined } {
  const end = 2 + (record[0] ?? 0)
  return { key: record.slice(2, end), value: record[1] === 1 ? record.slice(end) : undefined }
}
