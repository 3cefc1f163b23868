import { uint32 } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Message } from './messages.ts'

/** Questions that wait for their answers: bounded, numbered by chance, over after a time. */
export type Asks = {
  readonly open: number
  /** `done` is called once: with the answer and how long it took, or with nothing. */
  ask(
    to: NodeId,
    make: (nonce: number) => Message,
    done: (answer: Message | undefined, rttMs: number) => void,
  ): void
  /** Whether this was an answer that was waited for from this node. */
  answer(from: NodeId, nonce: number, message: Message): boolean
}

const openMax = 512

export function createAsks(
  world: World,
  timeoutMs: number,
  send: (to: NodeId, message: Message) => void,
): Asks {
  const open = new Map<
    number,
    {
      to: NodeId
      atMs: number
      cancel: () => void
      done: (answer: Message | undefined, rttMs: number) => void
    }
  >()
  return {
    get open() {
      return open.size
    },
    ask(to, make, done) {
      const nonce = uint32(world.random)
      if (open.size >= openMax || open.has(nonce)) {
        done(undefined, 0)
        return
      }
      const cancel = world.after(timeoutMs, () => {
        open.delete(nonce)
        done(undefined, timeoutMs)
      })
      open.set(nonce, { to, atMs: world.clock.nowMs(), cancel, done })
      send(to, make(nonce))
    },
    answer(from, nonce, message) {
      const ask = open.get(nonce)
      if (ask?.to !== from) return false
      open.delete(nonce)
      ask.cancel()
      // A clock that was set meanwhile says nothing of how long it took.
      ask.done(message, Math.min(timeoutMs, Math.max(0, world.clock.nowMs() - ask.atMs)))
      return true
    },
  }
}
