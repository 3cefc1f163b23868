import { compareBytes, concatBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from './node-id.ts'

/**
 * What committees are drawn from: an agreed state of the network has it. Whoever holds the same state draws the same committee,
 * without a message, and the state's votes and lot are the proof.
 */
export type DrawBase = {
  /** 32 bytes that nobody knew before `elders` was settled. */
  readonly seed: Uint8Array
  /** Relays that were there before anybody could know the seed: a key chosen after it is not among them. */
  readonly elders: readonly NodeId[]
}

const label = fromUtf8('anarq committee v1')

/**
 * The `size` elders, or all where there are fewer, whose hashes with the seed and the subject are lowest, in that order: each is as
 * likely as each other, and draws for two subjects have nothing to do with each other. `subject` says for what, and for when where
 * one state serves several times. About 2 µs an elder: keep what you drew.
 */
export function drawCommittee({ seed, elders }: DrawBase, subject: string, size: number): readonly NodeId[] {
  const about = hashBlake3(label, seed, fromUtf8(subject))
  return elders
    .map((id): [NodeId, Uint8Array] => [id, hashBlake3(concatBytes(about, fromBase32(id)))])
    .sort(([, a], [, b]) => compareBytes(a, b))
    .slice(0, Math.max(0, size))
    .map(([id]) => id)
}

/** Whether it is on that committee: what anybody checks who holds the state. */
export function isDrawn(base: DrawBase, subject: string, size: number, id: NodeId): boolean {
  return drawCommittee(base, subject, size).includes(id)
}
