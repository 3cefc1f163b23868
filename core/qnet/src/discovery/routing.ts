import type { NodeId } from '../node-id.ts'
import { compareDistance, idBytes, sharedBits } from './distance.ts'

/**
 * Kademlia's buckets: of each distance a few nodes that have answered, the ones that were there first before newcomers. Of one
 * group of addresses there are at most 2 in a bucket and `perGroupMax` in all, so that somebody with many nodes in few places
 * fills no bucket.
 */
export type Routing = {
  readonly size: number
  /** Whether it has a place now. */
  offer(id: NodeId, group: string): boolean
  /** It did not answer: the third time in a row it loses its place. */
  failed(id: NodeId): void
  drop(id: NodeId): void
  has(id: NodeId): boolean
  closest(target: Uint8Array, count: number): NodeId[]
  ids(): NodeId[]
}

type Place = { readonly id: NodeId; readonly bytes: Uint8Array; readonly group: string; failures: number }

const perBucketMax = 16
const perBucketGroupMax = 2
const failuresMax = 3

export function createRouting(self: NodeId, perGroupMax: number, isExempt: (id: NodeId) => boolean): Routing {
  const own = idBytes(self)
  const places = new Map<NodeId, Place>()
  const bucketOf = (bytes: Uint8Array) => sharedBits(own, bytes)
  const isFull = (bytes: Uint8Array, group: string): boolean => {
    const inGroup = [...places.values()].filter((place) => place.group === group)
    const bucket = bucketOf(bytes)
    const inBucket = inGroup.filter((place) => bucketOf(place.bytes) === bucket)
    return inGroup.length >= perGroupMax || inBucket.length >= perBucketGroupMax
  }
  return {
    get size() {
      return places.size
    },
    offer(id, group) {
      const held = places.get(id)
      if (held !== undefined) {
        held.failures = 0
        if (held.group === group) return true
        places.delete(id)
      }
      const bytes = idBytes(id)
      if (id === self || (!isExempt(id) && isFull(bytes, group))) return false
      const bucket = bucketOf(bytes)
      const others = [...places.values()].filter((place) => bucketOf(place.bytes) === bucket)
      const failing = others.find((place) => place.failures > 0)
      if (others.length >= perBucketMax && failing === undefined) return false
      if (others.length >= perBucketMax) places.delete((failing as Place).id)
      places.set(id, { id, bytes, group, failures: 0 })
      return true
    },
    failed(id) {
      const place = places.get(id)
      if (place === undefined) return
      place.failures += 1
      if (place.failures >= failuresMax) places.delete(id)
    },
    drop: (id) => void places.delete(id),
    has: (id) => places.has(id),
    closest: (target, count) =>
      [...places.values()]
        .sort((a, b) => compareDistance(target, a.bytes, b.bytes))
        .slice(0, count)
        .map((place) => place.id),
    ids: () => [...places.keys()],
  }
}
