import { formatBytes } from '@anarq/bytes'
import type { Query } from '@anarq/qindex'
import { isShown } from '../drive/resolve.ts'
import { systemFolder } from '../drive/system-folder.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import type { Finding, StorageFacts } from './operations.ts'
import type { Quota } from './quota.ts'

/** Entries that are looked at in one go: what waits meanwhile is not held up for long. */
const pageEntries = 5000

/** How much an identity has, and what all of this home takes on the disk. */
export async function storageOf(
  { view }: Pick<Space, 'view'>,
  { room, neighbours }: Pick<KernelPorts, 'neighbours' | 'room'>,
  quota: Pick<Quota, 'bytes'>,
): Promise<StorageFacts> {
  // What the system keeps for itself there is no file of the person's.
  const own = view.childByName(null, systemFolder.slice(1))[0]
  const outside = own === undefined ? {} : { outside: own.id }
  const all = await sumOf(view, outside)
  const shown = await sumOf(view, { ...outside, isTrashed: false })
  const disk = await room?.()
  const quotaBytes = quota.bytes()
  const held = neighbours?.held()
  return {
    files: all.files,
    contentBytes: all.bytes,
    trashedBytes: all.bytes - shown.bytes,
    storedBytes: disk?.fileBytes ?? 0,
    indexBytes: disk?.metaBytes ?? 0,
    looseBytes: Math.max(0, (disk?.fileBytes ?? 0) - (disk?.liveBytes ?? 0)),
    ...(disk === undefined ? {} : { freeBytes: disk.freeBytes, diskBytes: disk.diskBytes }),
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
    ...(held === undefined ? {} : { held }),
  }
}

/** What this machine holds for others, where it is among them. */
export function heldFindings({ neighbours }: Pick<KernelPorts, 'neighbours'>): Finding[] {
  const held = neighbours?.held()
  if (held === undefined) return []
  if (held.bytesMax === 0)
    return [
      {
        severity: 'info',
        what: 'Nothing is held for other nodes, which keep little for this one in return.',
        advice: 'To give room, start it with: anarq up --give 20G',
      },
    ]
  return [
    {
      severity: 'info',
      what: `${formatBytes(held.bytes)} of at most ${formatBytes(held.bytesMax)} are held for other nodes.`,
    },
  ]
}

async function sumOf(
  view: Space['view'],
  query: Pick<Query, 'isTrashed' | 'outside'>,
): Promise<{ files: number; bytes: number }> {
  const sum = { files: 0, bytes: 0 }
  for (let offset = 0; ; offset += pageEntries) {
    const page = view.search({ ...query, kind: 'file', order: 'name', limit: pageEntries, offset })
    for (const entry of page) {
      if (!isShown(entry)) continue
      sum.bytes += entry.bytes
      sum.files += 1
    }
    if (page.length < pageEntries) return sum
    await new Promise((resolve) => setTimeout(resolve))
  }
}
