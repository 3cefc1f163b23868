import { access } from 'node:fs/promises'
import { concatBytes, fromHex, toHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { type Journal, openJournal } from '@anarq/files'
import type { BoundBlocks } from '@anarq/kernel'

const nameBytes = 32

/**
 * Which blocks belong to which branch: a journal of 64 bytes a block, read at the start, before any door opens. It is not sealed:
 * whoever reads the disk sees the names of blocks beside it anyway, and doors have to know it while the home is locked. Homes without
 * branches have no such file.
 */
export async function openBoundBlocks({
  path,
  onFault,
}: {
  readonly path: string
  readonly onFault: (fault: Fault) => void
}): Promise<BoundBlocks & { close(): Promise<void> }> {
  const bound = new Map<string, string>()
  const branches = new Map<string, string>()
  const take = (branch: Uint8Array, digest: Uint8Array): void => {
    const id = toHex(branch)
    // One text for each branch, however many blocks it has.
    if (!branches.has(id)) branches.set(id, id)
    bound.set(toHex(digest), branches.get(id) as string)
  }
  let journal: Promise<Journal> | undefined
  const open = (): Promise<Journal> => {
    journal ??= openJournal({
      path,
      onFault: onDamage,
      onRecord(record) {
        if (record.length === 2 * nameBytes) take(record.subarray(0, nameBytes), record.subarray(nameBytes))
      },
    })
    return journal
  }
  let isWhole = true
  const onDamage = (fault: Fault): void => {
    isWhole = false
    onFault(fault)
  }
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) await open()
  // No file, or none of ours: what it said is lost, if it ever said anything.
  if (bound.size === 0) isWhole = false
  return {
    isWhole: () => isWhole,
    madeWhole() {
      isWhole = true
    },
    branchOf: (digest) => (bound.size === 0 ? undefined : bound.get(toHex(digest))),
    async add(branch, digests) {
      const fresh = digests.filter((digest) => bound.get(toHex(digest)) !== branch)
      if (fresh.length === 0) return
      const opened = await open()
      const id = fromHex(branch)
      // In force at once, for whoever asks meanwhile; durable when this resolves.
      for (const digest of fresh) take(id, digest)
      await Promise.all(fresh.map((digest) => opened.append(concatBytes(id, digest))))
    },
    async close() {
      await (await journal)?.close()
    },
  }
}
