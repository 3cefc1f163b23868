import { Fault } from '@anarq/fault'
import type { Neighbours } from '@anarq/kernel'
import { homeOfFeed, type Placed, type Swarm } from '@anarq/qnet/swarm'

/** Who stands for an index is said again after so long: those who keep it change. */
const standAgainMs = 24 * 3_600_000

/** Callbacks become promises; that nobody is there is said before anything is asked. */
export function asNeighbours(
  need: () => Swarm,
  copies: number,
): Pick<Neighbours, 'count' | 'get' | 'heads' | 'put' | 'putHead' | 'putList'> & { giveUp(): void } {
  const asked = new Set<(fault: Fault) => void>()
  const ask = async <T>(begin: (swarm: Swarm, then: (answer: T) => void) => void): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    asked.add(reject)
    try {
      begin(need(), resolve)
      return await promise
    } finally {
      asked.delete(reject)
    }
  }
  const stoodMs = new Map<string, number>()
  /** Before anything is put: who stands for it decides what room there is. */
  const stand = async (feed: Uint8Array): Promise<void> => {
    const [name, nowMs] = [feed.toHex(), performance.now()]
    if (nowMs - (stoodMs.get(name) ?? Number.NEGATIVE_INFINITY) < standAgainMs) return
    const copies = await ask<number>((swarm, then) => swarm.stand(feed, then))
    if (copies > 0) stoodMs.set(name, nowMs)
  }
  return {
    giveUp() {
      for (const reject of asked) reject(nobody())
    },
    async count(feed, digests) {
      const counts = await ask<readonly number[] | undefined>(({ replicas }, then) =>
        replicas.count(homeOfFeed(feed), digests, then),
      )
      if (counts === undefined) throw nobody()
      return counts
    },
    async put(feed, bytes) {
      await stand(feed)
      const placed = await ask<Placed>(({ replicas }, then) =>
        replicas.put(homeOfFeed(feed), bytes, copies, then),
      )
      return { copies: placed.copies, refused: placed.refused }
    },
    putList: (feed, list) => ask(({ replicas }, then) => replicas.lists.put(feed, list, then)),
    get: (feed, digest) => ask(({ replicas }, then) => replicas.get(homeOfFeed(feed), digest, then)),
    putHead: (feed, head) => ask(({ replicas }, then) => replicas.heads.put(feed, head, then)),
    heads: (feed) => ask(({ replicas }, then) => replicas.heads.find(feed, then)),
  }
}

export function nobody(): Fault {
  return new Fault(
    'unavailable.neighbours',
    'No other node is there now that could keep or give anything. Meet one with: anarq net join LINE',
  )
}
