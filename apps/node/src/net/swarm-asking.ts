import { Fault } from '@anarq/fault'
import type { Neighbours } from '@anarq/kernel'
import { homeOfFeed, type Swarm } from '@anarq/qnet/swarm'
import type { Ground } from './ground.ts'

/** Callbacks become promises; that nobody is there is said before anything is asked. */
export function asNeighbours(
  need: () => Swarm,
  copies: number,
): Pick<Neighbours, 'count' | 'get' | 'heads' | 'put' | 'putHead'> & { giveUp(): void } {
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
    put: (feed, bytes) =>
      ask(({ replicas }, then) =>
        replicas.put(homeOfFeed(feed), bytes, copies, (placed) => then(placed.copies)),
      ),
    get: (feed, digest) => ask(({ replicas }, then) => replicas.get(homeOfFeed(feed), digest, then)),
    putHead: (feed, head) => ask(({ replicas }, then) => replicas.heads.put(feed, head, then)),
    heads: (feed) => ask(({ replicas }, then) => replicas.heads.find(feed, then)),
  }
}

export type Waker = {
  wake(): void
  /** Waits until it is woken, or so long. True where it was woken. */
  rest(ms: number): Promise<boolean>
  pause(ms: number): Promise<void>
  /** Nothing waits any more. */
  end(): void
}

export function createWaker({ world }: Pick<Ground, 'world'>): Waker {
  let isWoken = false
  let isOver = false
  let waiting: { isPause: boolean; end(): void } | undefined

  const wait = (ms: number, isPause: boolean): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        waiting = undefined
        stop()
        resolve()
      }
      const stop = world.after(isOver ? 0 : ms, end)
      waiting = { isPause, end }
    })
  return {
    wake() {
      isWoken = true
      if (waiting?.isPause === false) waiting.end()
    },
    async rest(ms) {
      if (!isWoken) await wait(ms, false)
      const was = isWoken
      isWoken = false
      return was
    },
    pause: (ms) => wait(ms, true),
    end() {
      isOver = true
      isWoken = true
      waiting?.end()
    },
  }
}

export function nobody(): Fault {
  return new Fault(
    'unavailable.neighbours',
    'No other node is there now that could keep or give anything. Meet one with: anarq net join LINE',
  )
}
