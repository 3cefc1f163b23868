import { readInt } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'

export type Requests = {
  /**
   * `then` is called once: with what came back, or with nothing when nothing came in time, `moreMs` longer for what is long on
   * its way.
   */
  ask(
    to: NodeId,
    kind: string,
    body: readonly unknown[],
    then: (answer: readonly unknown[] | undefined) => void,
    moreMs?: number,
  ): void
  /** True where it answered something that was asked of that node. */
  answered(from: NodeId, body: readonly unknown[]): boolean
}

export type RequestsOptions = {
  readonly world: World
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  readonly timeoutMs: number
  readonly openMax?: number
}

/** Questions with a number each. An answer counts only from whom it was asked, once, and in time. */
export function createRequests({ world, send, timeoutMs, openMax = 4096 }: RequestsOptions): Requests {
  const open = new Map<
    number,
    { to: NodeId; stop(): void; then(answer: readonly unknown[] | undefined): void }
  >()
  let number = 0
  return {
    ask(to, kind, body, then, moreMs = 0) {
      if (open.size >= openMax) {
        world.after(0, () => then(undefined))
        return
      }
      number = (number + 1) >>> 0
      const asked = number
      const stop = world.after(timeoutMs + moreMs, () => {
        open.delete(asked)
        then(undefined)
      })
      open.set(asked, { to, stop, then })
      send(to, kind, asked, ...body)
    },
    answered(from, body) {
      const asked = readInt(body[0], 'a number')
      const wait = open.get(asked)
      if (wait === undefined || wait.to !== from) return false
      open.delete(asked)
      wait.stop()
      wait.then(body.slice(1))
      return true
    },
  }
}
