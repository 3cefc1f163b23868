import { compareBytes, equalBytes } from '@anarq/bytes'
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
  /** Bits, of the record's proof of work. */
  work: number
  group: string
  takenMs: number
  /** How often it was replaced by a newer one. */
  renewals: number
  /** It answered us over a link that proved its key, and when last. */
  answeredMs: number | undefined
  /** It greeted us over such a link, and when last. */
  greetedMs: number | undefined
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
/** But the first ones at once: a node that just came finds out by whom it is reached. */
const renewalsAtOnce = 2

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
    const most = group === 'none' ? nodesMax >> 3 : perGroupMax
    if (!isExempt(record) && (groups.get(group) ?? 0) >= most) {
      const worst = worstOf(entries.values(), group)
      if (worst === undefined || !isBetter(record, worst)) return false
      drop(worst.record.id)
    }
    if (entries.size < nodesMax) return true
    const least = cheapestSilent(entries.values())
    if (least === undefined || least.work >= workOfRecord(record)) return false
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
        if (isTooSoon(held, nowMs) || (group !== held.group && !hasRoom(record, group))) return 'older'
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
        work: workOfRecord(record),
        group,
        takenMs: nowMs,
        renewals: 0,
        answeredMs: undefined,
        greetedMs: undefined,
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
      return differingParts(this.fingerprint(), other)
    },
    within(parts) {
      const wanted = new Set(parts)
      return [...entries.values()].filter((entry) => wanted.has(partOf(entry)))
    },
  }
}

function isTooSoon({ takenMs, renewals }: Entry, nowMs: number): boolean {
  return renewals >= renewalsAtOnce && nowMs >= takenMs && nowMs - takenMs < renewalMsMin
}

/** Where all is full, whoever never answered and paid least makes room for somebody who paid more. */
function cheapestSilent(entries: Iterable<Entry>): Entry | undefined {
  return [...entries].filter((entry) => entry.answeredMs === undefined).sort((a, b) => a.work - b.work)[0]
}

function worstOf(entries: Iterable<Entry>, group: string): Entry | undefined {
  return [...entries].filter((entry) => entry.group === group).sort(worstFirst)[0]
}

/** It claims an address at which nobody answers. */
function isSuspect({ failures, answeredMs }: Entry): boolean {
  return failures >= 2 && answeredMs === undefined
}

/**
 * Which nodes of one group are held does not depend on the order in which they came, so that all directories come to the same
 * ones, however many there are: who paid more, then the lower id.
 */
function worstFirst(a: Entry, b: Entry): number {
  if (isSuspect(a) !== isSuspect(b)) return isSuspect(a) ? -1 : 1
  return a.work - b.work || compareBytes(b.bytes, a.bytes)
}

function isBetter(record: NodeRecord, worst: Entry): boolean {
  if (isSuspect(worst)) return true
  const work = workOfRecord(record)
  return work > worst.work || (work === worst.work && compareBytes(idBytes(record.id), worst.bytes) < 0)
}

function renew(entry: Entry, record: NodeRecord, group: string, nowMs: number): void {
  entry.isDialled &&= group === entry.group
  entry.record = record
  entry.work = workOfRecord(record)
  entry.group = group
  entry.takenMs = nowMs
  entry.renewals += 1
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

function differingParts(own: Uint8Array, other: Uint8Array): Uint8Array {
  const isOther = (part: number) =>
    !equalBytes(own.subarray(8 * part, 8 * part + 8), other.subarray(8 * part, 8 * part + 8))
  return Uint8Array.from({ length: fingerprintParts }, (_, part) => part).filter(isOther)
}

function partOf(entry: Entry): number {
  return (entry.bytes[0] as number) >> 2
}
