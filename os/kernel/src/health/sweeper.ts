import { createTurns } from '@anarq/bytes'
import type { KernelPorts } from '../ports.ts'

/**
 * Keeps apart what writes blocks first and names them later (puts, commits) and what takes unnamed blocks away: a
 * block that was found in the store and not written again must not be gone when its name becomes durable.
 */
export type Sweeper = {
  /** An act that puts blocks and then names them: no sweep looks around while it is between the two. */
  during<T>(act: () => Promise<T>): Promise<T>
  /** Resolves when every act that has begun by now has ended. */
  settled(signal?: AbortSignal): Promise<void>
  /** One sweep at a time: `find` says what is to stay. Resolves to the bytes freed. */
  sweep(find: () => Promise<(digest: Uint8Array) => boolean>, signal?: AbortSignal): Promise<number>
}

export function createSweeper({ beginSweep, compact }: Pick<KernelPorts, 'beginSweep' | 'compact'>): Sweeper {
  const running = new Set<Promise<unknown>>()
  const inTurn = createTurns()

  const settled = async (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted()
    await orAborted(Promise.allSettled([...running]), signal)
  }
  const sweepNow = async (
    find: () => Promise<(digest: Uint8Array) => boolean>,
    signal: AbortSignal | undefined,
  ): Promise<number> => {
    // Long acts end first: from the beginning of a sweep on, the store remembers everything that is put.
    await settled(signal)
    beginSweep()
    await settled(signal)
    return compact(await find(), signal)
  }

  return {
    async during(act) {
      const acting = act()
      running.add(acting)
      try {
        return await acting
      } finally {
        running.delete(acting)
      }
    },
    settled,
    sweep: (find, signal) => inTurn(() => sweepNow(find, signal)),
  }
}

async function orAborted(waiting: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) {
    await waiting
    return
  }
  let stop = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
  })
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([waiting, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
