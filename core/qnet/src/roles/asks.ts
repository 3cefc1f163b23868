import { uint32 } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'

/** Questions with a number each, drawn by chance: an answer counts only from whom it was asked, once, and in time. */
export type Asks = {
  /** `done` is called once, with `undefined` where no answer came. */
  ask(
    to: NodeId,
    timeoutMs: number,
    send: (nonce: number) => void,
    done: (answer: boolean | undefined) => void,
  ): void
  answer(from: NodeId, nonce: number, answer: boolean): void
}

const openMax = 2048

export function createAsks(world: World): Asks {
  const open = new Map<
    number,
    { readonly to: NodeId; stop(): void; done(answer: boolean | undefined): void }
  >()
  return {
    ask(to, timeoutMs, send, done) {
      const nonce = uint32(world.random)
      if (open.size >= openMax || open.has(nonce)) {
        world.after(0, () => done(undefined))
        return
      }
      const stop = world.after(timeoutMs, () => {
        open.delete(nonce)
        done(undefined)
      })
      open.set(nonce, { to, stop, done })
      send(nonce)
    },
    answer(from, nonce, answer) {
      const asked = open.get(nonce)
      if (asked?.to !== from) return
      open.delete(nonce)
      asked.stop()
      asked.done(answer)
    },
  }
}
