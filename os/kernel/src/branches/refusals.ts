import { toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { type RefusalOnRecord, type RefusalsOnRecord, refusalsShownMax } from '@anarq/qnet/branch'
import type { Office } from '../office.ts'

export type Refusal = {
  readonly branch: string
  readonly block: Uint8Array
  readonly asker: string
  readonly rule: string
}

const action = 'branch.refuse'
/** Of one asker at one rule one is written down in this time; the others are counted with the next. */
const everyMs = 60_000
const askersMax = 4096
/** So many lines of the log are counted, the newest first. */
const entriesMax = 10_000

/** Writes into the owner's audit log who was refused what is a branch's; a flood of askers does not fill it. */
export function createRefusals({
  clock,
  officeOf,
}: {
  clock: Clock
  officeOf(branch: string): Promise<Office | undefined>
}): { note(refusal: Refusal): void } {
  const last = new Map<string, { atMs: number; more: number }>()
  return {
    note({ branch, block, asker, rule }) {
      const nowMs = clock.nowMs()
      const name = `${branch} ${asker} ${rule}`
      const before = last.get(name)
      if (before !== undefined && nowMs - before.atMs < everyMs) {
        before.more += 1
        return
      }
      last.set(name, { atMs: nowMs, more: 0 })
      if (last.size > askersMax) last.delete(last.keys().next().value as string)
      const details = { branch, asker, rule, block: toHex(block), times: 1 + (before?.more ?? 0) }
      void officeOf(branch)
        .then((office) => office?.space.record([{ action, verdict: 'refused', code: rule, details }]))
        .catch(() => {})
    },
  }
}

/** What the log of the owner has of them. */
export async function refusalsOnRecord({ space }: Office, branch: string): Promise<RefusalsOnRecord> {
  await space.record([])
  const last: RefusalOnRecord[] = []
  let count = 0
  for await (const record of space.audit.find({ action, limit: entriesMax })) {
    if (!('entry' in record)) continue
    const { atMs, details } = record.entry
    const { asker, rule, times } = details ?? {}
    if (details?.branch !== branch || typeof asker !== 'string' || typeof rule !== 'string') continue
    count += typeof times === 'number' ? times : 1
    if (last.length < refusalsShownMax) last.push({ atMs, asker, rule })
  }
  return { count, last }
}
