import { fromBase32 } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'

/** The XOR metric of Kademlia (Maymounkov and Mazières, 2002) over ids and keys of 32 bytes. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < target.length; i += 1) {
    const t = target[i] as number
    const difference = ((a[i] as number) ^ t) - ((b[i] as number) ^ t)
    if (difference !== 0) return difference
  }
  return 0
}

/** How many bits in front are equal: 0 to 256. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (a[i] as number) ^ (b[i] as number)
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24
  }
  return 8 * a.length
}

export function idBytes(id: NodeId): Uint8Array {
  return fromBase32(id)
}

/** At most `each` of one group, the order kept, `most` in all. */
export function diverse<T>(
  sorted: Iterable<T>,
  groupOf: (one: T) => string,
  each: number,
  most: number,
): T[] {
  const counts = new Map<string, number>()
  const taken: T[] = []
  for (const one of sorted) {
    if (taken.length >= most) break
    const group = groupOf(one)
    const count = counts.get(group) ?? 0
    if (count >= each) continue
    counts.set(group, count + 1)
    taken.push(one)
  }
  return taken
}

export function isNearer(target: Uint8Array, a: NodeId, b: NodeId): boolean {
  return compareDistance(target, idBytes(a), idBytes(b)) < 0
}
