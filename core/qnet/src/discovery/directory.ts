import { equalBytes } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import {
  compareRecords,
  groupOfAddresses,
  type NodeRecord,
  timingOfRecord,
  workOfRecord,
} from '../record/index.ts'
import { idBytes } from './distance.ts'

/** What is known of a node: its newest record, and what we saw ourselves. */
export type Entry = {
  record: NodeRecord
  readonly bytes: Uint8Array
  group: string
  takenMs: number
  /** It answered us over a link that proved its key, and when last. */
  answeredMs: number | undefined
  /** Its address was dialled and led to its key. */
  isDialled: boolean
  failures: number
  rttMs: number | undefined
}

export type Verdict = 'ended' | 'full' | 'lie' | 'new' | 'newer' | 'older' | 'same'

export type Directory = {
  readonly size: number
  get(id: NodeId): Entry | undefined
  entries(): Iterable<Entry>
  /** Takes in a verified record. Of one group of addresses there are at most `perGroupMax`, of all `nodesMax`. */
  consider(record: NodeRecord, nowMs: number): Verdict
  /** It lied provably: it is out, and stays out. */
  end(id: NodeId): void
  isEnded(id: NodeId): boolean
  /** Drops what is over, and says what that was. */
  sweep(nowMs: number, skewMs: number): Entry[]
  /** 64 times 8 bytes, by the first bits of the ids: what two nodes compare to find what one of them lacks. */
  fingerprint(): Uint8Array
  /** Which of the 64 parts differ from the other's: their numbers. */
  differing(other: Uint8Array): Uint8Array
  /** What is held in these parts. */
  within(parts: Uint8Array): Entry[]
}

export type DirectoryOptions = {
  nodesMax: number
  perGroupMax: number
  isExempt: (record: NodeRecord) => boolean
}

export const fingerprintParts = 64
export const fingerprintBytes: number = fingerprintParts * 8
const endedMax = 1024
/** Newer records of a node are taken at most this often: a node that signs without end costs nothing. */
const renewalMsMin = 20_000

export function createDirectory({ nodesMax, perGroupMax, isExempt }: DirectoryOptions): Directory {
  const entries = new Map<NodeId, Entry>()
  const groups = new Map<string, number>()
  const ended = new Set<NodeId>()
  let fingerprint: Uint8Array | undefined

  const count = (group: string, by: number): void => {
    const now = (groups.get(group) ?? 0) + by
    if (now > 0) groups.set(group, now)
    else groups.delete(group)
  }
  const drop = (id: NodeId): void => {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    count(entry.group, -1)
    fingerprint = undefined
  }
  const hasRoom = (record: NodeRecord, group: string): boolean => {
    if (!isExempt(record)) {
      const most = group === 'none' ? nodesMax >> 3 : perGroupMax
      if ((groups.get(group) ?? 0) >= most) return false
    }
    if (entries.size < nodesMax) return true
    // Whoever never answered and paid least makes room, and only for somebody who paid more.
    const silent = [...entries.values()].filter((entry) => entry.answeredMs === undefined)
    const least = silent.sort((a, b) => workOfRecord(a.record) - workOfRecord(b.record))[0]
    if (least === undefined || workOfRecord(least.record) >= workOfRecord(record)) return false
    drop(least.record.id)
    return true
  }
  return {
    get size() {
      return entries.size
    },
    get: (id) => entries.get(id),
    entries: () => entries.values(),
    isEnded: (id) => ended.has(id),
    consider(record, nowMs) {
      if (ended.has(record.id)) return 'ended'
      const group = groupOfAddresses(record.addresses)
      const held = entries.get(record.id)
      if (held !== undefined) {
        const order = compareRecords(held.record, record)
        if (order !== 'newer') return order
        const isSoon = nowMs >= held.takenMs && nowMs - held.takenMs < renewalMsMin
        if (isSoon || (group !== held.group && !hasRoom(record, group))) return 'older'
        count(held.group, -1)
        count(group, 1)
        renew(held, record, group, nowMs)
        fingerprint = undefined
        return 'newer'
      }
      if (!hasRoom(record, group)) return 'full'
      entries.set(record.id, {
        record,
        bytes: idBytes(record.id),
        group,
        takenMs: nowMs,
        answeredMs: undefined,
        isDialled: false,
        failures: 0,
        rttMs: undefined,
      })
      count(group, 1)
      fingerprint = undefined
      return 'new'
    },
    end(id) {
      drop(id)
      ended.add(id)
      if (ended.size > endedMax) ended.delete(ended.values().next().value as NodeId)
    },
    sweep(nowMs, skewMs) {
      const over = [...entries.values()].filter(
        ({ record }) => timingOfRecord(record, nowMs, skewMs) === 'over',
      )
      for (const { record } of over) drop(record.id)
      return over
    },
    fingerprint() {
      fingerprint ??= fingerprintOf(entries.values())
      return fingerprint
    },
    differing(other) {
      const own = this.fingerprint()
      const isOther = (part: number) =>
        !equalBytes(own.subarray(8 * part, 8 * part + 8), other.subarray(8 * part, 8 * part + 8))
      return Uint8Array.from({ length: fingerprintParts }, (_, part) => part).filter(isOther)
    },
    within(parts) {
      const wanted = new Set(parts)
      return [...entries.values()].filter((entry) => wanted.has(partOf(entry)))
    },
  }
}

function renew(entry: Entry, record: NodeRecord, group: string, nowMs: number): void {
  entry.isDialled &&= group === entry.group
  entry.record = record
  entry.group = group
  entry.takenMs = nowMs
}

function fingerprintOf(entries: Iterable<Entry>): Uint8Array {
  const out = new Uint8Array(fingerprintBytes)
  for (const entry of entries) {
    const hash = primitives.blake3(entry.record.bytes)
    const at = 8 * partOf(entry)
    for (let i = 0; i < 8; i += 1) out[at + i] = (out[at + i] as number) ^ (hash[i] as number)
  }
  return out
}

function partOf(entry: Entry): number {
  return (entry.bytes[0] as number) >> 2
}
