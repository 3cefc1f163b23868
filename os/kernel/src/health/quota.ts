import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readFields, readInt } from '@anarq/ipld'
import type { KernelPorts } from '../ports.ts'

/** How large the store may grow, whoever of this home puts something into it. */
export type Quota = {
  /** Undefined: as large as the disk lets it. */
  bytes(): number | undefined
  set(bytes: number | undefined): Promise<void>
  /** For one put: tells what it added, and throws `limit.quota` where that is more than there is room for. */
  holder(): Promise<QuotaHolder>
}

export type QuotaHolder = { added(bytes: number): void; [Symbol.dispose](): void }

export const quotaBytesMin: number = 1024 * 1024

/** Reads what was set; damage to that file is told, and no quota holds until one is set again. */
export async function openQuota({
  settings,
  room,
  onFault,
}: Pick<KernelPorts, 'settings' | 'room' | 'onFault'>): Promise<Quota> {
  let limit = await readLimit(settings, onFault)
  let holders = 0
  /** What the store took when the first of the puts that run now began, and what they added since, all together. */
  let usedBytes = 0

  const check = (): void => {
    if (limit !== undefined && usedBytes > limit) throw overQuota(limit)
  }
  return {
    bytes: () => limit,
    async set(bytes) {
      if (settings === undefined)
        throw new Fault('unavailable.settings', 'This node keeps no settings, so it has no quota.')
      const isSize = bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= quotaBytesMin)
      if (!isSize) throw new Fault('invalid.quota', 'A quota is at least 1 MiB. Give a larger one, or none.')
      await settings.write(encodeCbor({ v: 1, quota: bytes ?? null }))
      limit = bytes
    },
    async holder() {
      if (limit === undefined || room === undefined) return free
      holders += 1
      try {
        const { fileBytes } = await room()
        // Those that run already may have written what they told of: the larger is the safer.
        usedBytes = holders === 1 ? fileBytes : Math.max(usedBytes, fileBytes)
        check()
      } catch (error) {
        holders -= 1
        throw error
      }
      return {
        added(bytes) {
          usedBytes += bytes
          check()
        },
        [Symbol.dispose]() {
          holders -= 1
        },
      }
    },
  }
}

const free: QuotaHolder = { added() {}, [Symbol.dispose]() {} }

async function readLimit(
  settings: KernelPorts['settings'],
  onFault: KernelPorts['onFault'],
): Promise<number | undefined> {
  const bytes = await settings?.read()
  if (bytes === undefined) return undefined
  try {
    const what = 'The settings of this home'
    const { v, quota } = readFields(decodeCbor(bytes, what), ['v', 'quota'], what)
    readInt(v, what, { min: 1, max: 1 })
    return quota === null ? undefined : readInt(quota, what, { min: quotaBytesMin })
  } catch (cause) {
    onFault(
      new Fault('damaged.settings', 'The settings of this home do not read. Set the quota again.', { cause }),
    )
    return undefined
  }
}

function overQuota(limit: number): Fault {
  const mebibytes = Math.floor(limit / 1024 / 1024)
  return new Fault(
    'limit.quota',
    `Your quota of ${mebibytes} MiB is full, so nothing more is kept. Delete for good what you do not need and tidy up, or set a larger quota in Settings, Storage.`,
    { data: { quotaBytes: limit } },
  )
}
