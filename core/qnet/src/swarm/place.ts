import { compareBytes, fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'

/** A point of the space that neighbourhoods divide among themselves: 32 bytes, read from the first bit on. */
export type Place = Uint8Array

/** The part of the space of one neighbourhood: the bits that all places in it begin with, as a text of `0` and `1`. */
export type Prefix = string

export const placeBytes = 32
/** Deeper would be more neighbourhoods than there are people. */
export const prefixBitsMax = 40
export const gridSide = 5
export const membersMax: number = gridSide * gridSide

/**
 * Where a node belongs: chosen by the hash of its key and a seed that was not known before the period began, so that nobody
 * picks a neighbourhood; another try costs another key and its work.
 */
export function placeOfNode(publicKey: Uint8Array, periodSeed: Uint8Array): Place {
  return hashBlake3(fromUtf8('anarq swarm place v1\n'), periodSeed, publicKey)
}

/** Where all that belongs to an index is kept: found again from the index's name alone. */
export function homeOfFeed(feed: Uint8Array): Place {
  return hashBlake3(fromUtf8('anarq swarm home v1\n'), feed)
}

export function bitAt(place: Place, at: number): 0 | 1 {
  return (((place[at >> 3] as number) >> (7 - (at & 7))) & 1) as 0 | 1
}

export function flipped(place: Place, at: number): Place {
  const other = place.slice()
  other[at >> 3] = (other[at >> 3] as number) ^ (0x80 >> (at & 7))
  return other
}

export function isUnder(place: Place, prefix: Prefix): boolean {
  for (let at = 0; at < prefix.length; at += 1)
    if (bitAt(place, at) !== prefix.charCodeAt(at) - 48) return false
  return true
}

/** How many bits two places have in common from the first on. */
export function sharedBits(a: Place, b: Place): number {
  for (let at = 0; at < placeBytes; at += 1) {
    const difference = (a[at] as number) ^ (b[at] as number)
    if (difference !== 0) return at * 8 + Math.clz32(difference) - 24
  }
  return placeBytes * 8
}

export function siblingOf(prefix: Prefix): Prefix {
  return prefix.slice(0, -1) + (prefix.endsWith('0') ? '1' : '0')
}

/** Whether two prefixes speak of the same part of the space. */
export function doOverlap(a: Prefix, b: Prefix): boolean {
  return a.startsWith(b) || b.startsWith(a)
}

export type Seat = { readonly row: number; readonly column: number }

export function seatOf(index: number): Seat {
  return { row: Math.floor(index / gridSide), column: index % gridSide }
}

/**
 * Highest random weight (Thaler and Ravishankar, 1998): the same order for everybody who knows the members; when one goes,
 * only what it held moves.
 */
export function rankFor<T extends { readonly idBytes: Uint8Array }>(
  key: Uint8Array,
  members: readonly T[],
): T[] {
  return members
    .map((member) => ({ member, weight: hashBlake3(key, member.idBytes) }))
    .sort((a, b) => compareBytes(b.weight, a.weight))
    .map(({ member }) => member)
}
