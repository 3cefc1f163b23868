import {
  type NodeKeys,
  type NodeRecord,
  type OnionKeys,
  type RecordFields,
  searchWork,
  signRecord,
  workBitsMax,
  workDayOf,
} from '../record/index.ts'
import type { World } from '../world.ts'

/** What the host says of its node, asked anew for each record. */
export type Description = Pick<
  RecordFields,
  'addresses' | 'brokers' | 'branches' | 'capacity' | 'family' | 'guarantee' | 'roles'
>

/** The record of this node: worked for in slices, so that nothing else waits, and signed anew before it is old. */
export type OwnRecord = {
  readonly record: NodeRecord | undefined
  /** Signs a new one, with at least so many bits of work. `issued` hears of it. */
  issue(bits: number): void
}

export type OwnRecordOptions = {
  readonly keys: NodeKeys
  readonly onion: OnionKeys
  readonly world: World
  readonly lifeMs: number
  nowMs(): number
  describe(): Description
  issued(record: NodeRecord): void
}

const triesPerSlice = 2_000

export function createOwnRecord({
  keys,
  onion,
  world,
  lifeMs,
  nowMs,
  describe,
  issued,
}: OwnRecordOptions): OwnRecord {
  let record: NodeRecord | undefined
  let sequence = 0
  let sinceMs: number | undefined
  let work: { day: number; bits: number; bytes: Uint8Array } | undefined
  /** The search that is under way; a newer one takes its place. */
  let search = 0

  const sign = (bytes: Uint8Array, day: number): void => {
    // Work is for a day: at midnight, and where a clock was set, it is searched again.
    const issuedMs = nowMs()
    if (workDayOf(issuedMs) !== day) {
      issue((work as { bits: number }).bits)
      return
    }
    sequence = Math.max(sequence + 1, issuedMs)
    sinceMs = Math.min(sinceMs ?? issuedMs, issuedMs)
    const key = onion.current(issuedMs)
    record = signRecord(keys, {
      ...describe(),
      linkKey: keys.link.publicKey,
      onionKey: key.agreement.publicKey,
      onionEndMs: key.endMs,
      sinceMs,
      sequence,
      issuedMs,
      expiresMs: issuedMs + lifeMs,
      work: bytes,
    })
    issued(record)
  }
  const issue = (wanted: number): void => {
    const bits = Math.min(wanted, workBitsMax)
    const day = workDayOf(nowMs())
    if (work !== undefined && work.day === day && work.bits >= bits) {
      sign(work.bytes, day)
      return
    }
    search += 1
    const mine = search
    const { step } = searchWork(keys.publicKey, day, bits)
    const slice = (): void => {
      if (search !== mine) return
      const bytes = step(triesPerSlice)
      if (bytes === undefined) {
        world.after(0, slice)
        return
      }
      work = { day, bits, bytes }
      sign(bytes, day)
    }
    world.after(0, slice)
  }
  return {
    get record() {
      return record
    },
    issue,
  }
}
