import { equalBytes } from '@anarq/bytes'
import { createBuckets } from '../buckets.ts'
import type { NodeId } from '../node-id.ts'
import {
  compareRecords,
  type NodeRecord,
  parseRecord,
  timingOfRecord,
  verifyRecord,
  workOfRecord,
} from '../record/index.ts'
import type { Directory, Entry } from './directory.ts'
import type { DiscoverySettings } from './settings.ts'
import { isDoubleVote, parseVote } from './state.ts'

/**
 * The door for records: what comes too often is dropped, what is known costs nothing, and what is left is paid for and
 * signed before it is taken in.
 */
export type Intake = {
  /**
   * The record, where it is true and timely, whether there was room to hold it or not. Faults of malformed and forged ones are
   * thrown.
   */
  take(bytes: Uint8Array, from: NodeId): NodeRecord | undefined
  /** Whether both together prove that a node lied, which then is out. Faults are thrown. */
  takeLie(about: 'record' | 'vote', first: Uint8Array, second: Uint8Array): NodeId | undefined
  /** The work that newcomers are asked for now. */
  bits(): number
}

export type IntakeOptions = {
  readonly self: NodeId
  readonly directory: Directory
  readonly settings: DiscoverySettings
  nowMs(): number
  /** Milliseconds that only count up, for rates: not the network's time, which is corrected. */
  clockMs(): number
  groupOf(peer: NodeId): string
  fresh(entry: Entry, from: NodeId): void
  lied(id: NodeId, about: 'record' | 'vote', evidence: readonly [Uint8Array, Uint8Array]): void
}

const bitsMore = 8

export function createIntake(options: IntakeOptions): Intake {
  const { self, directory, settings } = options
  const perPeer = createBuckets({ perSecond: 20, burst: 512 })
  const perGroup = createBuckets({ perSecond: 40, burst: 2048 })
  /** As the directory fills over its half, newcomers pay up to 256 times more. */
  const bits = (): number =>
    settings.bitsMin + Math.round(bitsMore * Math.max(0, (2 * directory.size) / settings.nodesMax - 1))
  const isAllowed = (from: NodeId): boolean => {
    const now = options.clockMs()
    return perPeer.take(from, 1, now) && perGroup.take(options.groupOf(from), 1, now)
  }
  const end = (a: NodeRecord, b: NodeRecord): void => {
    directory.end(a.id)
    options.lied(a.id, 'record', [a.bytes, b.bytes])
  }
  return {
    bits,
    take(bytes, from) {
      const { id } = parseRecord(bytes)
      const held = directory.get(id)
      if (held !== undefined && equalBytes(held.record.bytes, bytes)) return held.record
      if (id === self || !isAllowed(from)) return undefined
      const record = verifyRecord(bytes, settings.bitsMin)
      if (timingOfRecord(record, options.nowMs(), settings.skewMs) !== 'good') return undefined
      // Too cheap for a full directory is no fault of who passed it on, and it still says the way to a node that is looked for.
      if (held === undefined && workOfRecord(record) < bits()) return record
      const verdict = directory.consider(record, options.nowMs())
      if (verdict === 'lie') end((held as Entry).record, record)
      if (verdict === 'new' || verdict === 'newer') options.fresh(directory.get(id) as Entry, from)
      if (verdict === 'lie' || verdict === 'ended') return undefined
      return verdict === 'older' ? held?.record : record
    },
    takeLie(about, first, second) {
      if (about === 'vote') {
        const [a, b] = [parseVote(first), parseVote(second)]
        if (!isDoubleVote(a, b)) return undefined
        if (!directory.isEnded(a.id)) options.lied(a.id, 'vote', [first, second])
        directory.end(a.id)
        return a.id
      }
      const [a, b] = [verifyRecord(first, 0), verifyRecord(second, 0)]
      if (a.id !== b.id || compareRecords(a, b) !== 'lie') return undefined
      if (!directory.isEnded(a.id)) end(a, b)
      return a.id
    },
  }
}
