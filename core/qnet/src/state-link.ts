import { compareBytes, fromBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { readArray, readBytes, readInt } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from './node-id.ts'
import type { StateLink } from './state-set.ts'

export const stateIdsMax = 8192

export function writeLink({ period, seed, before, came, gone }: StateLink): readonly unknown[] {
  const bytes = (ids: readonly NodeId[]): Uint8Array[] => ids.map((id) => fromBase32(id))
  return [period, seed, before, bytes(came), bytes(gone)]
}

/** Form and limits alone: whether it leads where it says, the hash of what it leads to says. Throws `invalid.…`. */
export function readLink(value: unknown): StateLink {
  const [period, seed, before, came, gone] = readArray(value, 'A link of states', { max: 5 })
  return {
    period: readInt(period, 'Its period', { max: 0xffff_ffff }),
    seed: readBytes(seed, 'Its seed', { length: 32 }),
    before: readBytes(before, 'Its base', { length: 32 }),
    came: readIds(came, 'Its newcomers'),
    gone: readIds(gone, 'Those who left'),
  }
}

/** Sorted and each once, so that one set has one spelling. */
export function readIds(value: unknown, what: string): readonly NodeId[] {
  const ids = readArray(value, what, { max: stateIdsMax }).map((id) => readBytes(id, what, { length: 32 }))
  if (ids.some((id, i) => i > 0 && compareBytes(id, ids[i - 1] as Uint8Array) <= 0))
    throw new Fault('invalid.shape', `${what} are malformed: expected each once, sorted.`)
  return ids.map(textOfNodeId)
}
