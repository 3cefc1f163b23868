import { fromBase32 } from '@anarq/bytes'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { textOfNodeId } from '../node-id.ts'
import { readLink, writeLink } from '../state-link.ts'
import type { StateLink } from '../state-set.ts'
import { reportBytesMax } from './report.ts'
import type { Term } from './reports.ts'

/** What outlives a restart, in the order in which it came: draws, reports, and links of past states. */
export type Kept =
  | { readonly kind: 'report'; readonly bytes: Uint8Array }
  | { readonly kind: 'term'; readonly term: Term }
  | { readonly kind: 'link'; readonly hash: Uint8Array; readonly link: StateLink }

export const mastersMax = 100

export function writeKept(kept: Kept): Uint8Array {
  if (kept.kind === 'report') return encodeCbor([1, kept.bytes])
  if (kept.kind === 'link') return encodeCbor([2, kept.hash, writeLink(kept.link)])
  const { period, masters } = kept.term
  return encodeCbor([0, period, masters.map((id) => fromBase32(id))])
}

/** Throws `invalid.…`. */
export function readKept(bytes: Uint8Array): Kept {
  const what = 'What is kept of roles'
  const [kind, ...rest] = readArray(decodeCbor(bytes, what), what, { max: 3 })
  const number = readInt(kind, 'Its kind', { max: 2 })
  if (number === 1) return { kind: 'report', bytes: readBytes(rest[0], 'A report', { max: reportBytesMax }) }
  if (number === 2)
    return { kind: 'link', hash: readBytes(rest[0], 'A hash', { length: 32 }), link: readLink(rest[1]) }
  const period = readInt(rest[0], 'Its period', { max: 0xffff_ffff })
  const masters = readArray(rest[1], 'Its MasterNodes', { max: mastersMax })
  return {
    kind: 'term',
    term: { period, masters: masters.map((id) => textOfNodeId(readBytes(id, 'An id', { length: 32 }))) },
  }
}
