import type { NodeId } from '../node-id.ts'
import { groupOfAddresses, type NodeRecord } from '../record/index.ts'
import { compareDistance, diverse, idBytes } from './distance.ts'

/**
 * The iterative look-up of Kademlia over disjoint paths, as in S/Kademlia (Baumgart and Mies, 2007): each path asks one node at a
 * time, nobody is asked by two, and of one answer and one path only a few of a group of addresses are followed. Whoever leads one
 * path astray does not lead the others.
 */
export type Lookup = {
  /** Whom to ask now. Each of them is to be told of by `answered` or `failed`. */
  next(): NodeId[]
  answered(id: NodeId, closer: readonly NodeRecord[]): void
  failed(id: NodeId): void
  readonly isDone: boolean
  /** Nodes that answered, closest first, few of a group. */
  closest(): NodeId[]
}

export type LookupOptions = {
  target: Uint8Array
  self: NodeId
  start: readonly { readonly id: NodeId; readonly group: string }[]
  paths?: number
  /** How many of the closest have to have answered. */
  width?: number
  asksMax?: number
}

type Candidate = { readonly id: NodeId; readonly bytes: Uint8Array; readonly group: string }
type Path = { candidates: Candidate[]; asked: number; waitsFor: NodeId | undefined }

const perAnswerGroupMax = 2
const perPathGroupMax = 4

export function createLookup({
  target,
  self,
  start,
  paths = 3,
  width = 8,
  asksMax = 12,
}: LookupOptions): Lookup {
  const asked = new Map<NodeId, Path>()
  const answered = new Map<NodeId, Candidate>()
  const all: Path[] = Array.from({ length: paths }, () => ({ candidates: [], asked: 0, waitsFor: undefined }))
  const byDistance = (a: Candidate, b: Candidate) => compareDistance(target, a.bytes, b.bytes)
  const candidateOf = (id: NodeId, group: string): Candidate => ({ id, bytes: idBytes(id), group })

  const begin = start.map(({ id, group }) => candidateOf(id, group)).sort(byDistance)
  for (const [i, candidate] of begin.entries()) all[i % paths]?.candidates.push(candidate)

  const add = (path: Path, found: readonly Candidate[]): void => {
    const isKnown = (id: NodeId) => id === self || path.candidates.some((one) => one.id === id)
    const fresh = diverse(
      found.filter(({ id }) => !isKnown(id)),
      ({ group }) => group,
      perAnswerGroupMax,
      width,
    )
    path.candidates = diverse(
      [...path.candidates, ...fresh].sort(byDistance),
      ({ group }) => group,
      perPathGroupMax,
      4 * width,
    )
  }
  /** The closest that nobody asked yet, unless `width` closer ones have answered on this path already. */
  const nextOf = (path: Path): Candidate | undefined => {
    if (path.waitsFor !== undefined || path.asked >= asksMax) return undefined
    const closer = path.candidates.filter(({ id }) => asked.get(id) === path && answered.has(id))
    const next = path.candidates.find(({ id }) => !asked.has(id))
    const worst = closer[width - 1]
    return next !== undefined && (worst === undefined || byDistance(next, worst) < 0) ? next : undefined
  }
  const settle = (id: NodeId): Path | undefined => {
    const path = asked.get(id)
    if (path?.waitsFor !== id) return undefined
    path.waitsFor = undefined
    return path
  }

  return {
    get isDone() {
      return all.every((path) => path.waitsFor === undefined && nextOf(path) === undefined)
    },
    next() {
      const ids: NodeId[] = []
      for (const path of all) {
        const next = nextOf(path)
        if (next === undefined) continue
        asked.set(next.id, path)
        path.asked += 1
        path.waitsFor = next.id
        ids.push(next.id)
      }
      return ids
    },
    answered(id, closer) {
      const path = settle(id)
      if (path === undefined) return
      const candidate = path.candidates.find((one) => one.id === id)
      if (candidate !== undefined) answered.set(id, candidate)
      const found = closer.map((record) => candidateOf(record.id, groupOfAddresses(record.addresses)))
      add(path, found.sort(byDistance))
    },
    failed: (id) => void settle(id),
    closest: () =>
      diverse([...answered.values()].sort(byDistance), ({ group }) => group, perAnswerGroupMax, width).map(
        ({ id }) => id,
      ),
  }
}
