import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'

/** What goes through a pair, both ways, in the order in which it came and at a pace. */
export type Pacer = {
  /** Bytes that wait. */
  readonly waiting: number
  put(to: NodeId, bytes: Uint8Array): void
  /** What waits is forgotten. */
  stop(): void
}

export type PacerOptions = {
  readonly world: World
  readonly bytesPerSecond: number
  forward(to: NodeId, bytes: Uint8Array): void
}

/** Of a second: what goes at once after a while of silence. */
const burst = 0.25
/** A clock that is set back or ahead moves a pair by no more than this. */
const elapsedMsMax = 1000

/** One queue and one timer: timers alone do not keep an order. */
export function createPacer({ world, bytesPerSecond, forward }: PacerOptions): Pacer {
  let queue: { readonly to: NodeId; readonly bytes: Uint8Array }[] = []
  let waiting = 0
  /** What may go now; below zero, what has to pass before anything may. */
  let tokens = 0
  let filledMs = world.clock.nowMs()
  let stopTimer: (() => void) | undefined

  const fill = (): void => {
    const nowMs = world.clock.nowMs()
    const elapsedMs = Math.min(elapsedMsMax, Math.max(0, nowMs - filledMs))
    filledMs = nowMs
    tokens = Math.min(bytesPerSecond * burst, tokens + (elapsedMs * bytesPerSecond) / 1000)
  }
  const pump = (): void => {
    if (stopTimer !== undefined) return
    fill()
    while (tokens >= 0) {
      const next = queue.shift()
      if (next === undefined) return
      tokens -= next.bytes.length
      waiting -= next.bytes.length
      forward(next.to, next.bytes)
    }
    if (queue.length === 0) return
    stopTimer = world.after(Math.min(elapsedMsMax, Math.ceil((-tokens * 1000) / bytesPerSecond)), () => {
      stopTimer = undefined
      pump()
    })
  }
  return {
    get waiting() {
      return waiting
    },
    put(to, bytes) {
      queue.push({ to, bytes })
      waiting += bytes.length
      pump()
    },
    stop() {
      stopTimer?.()
      queue = []
      waiting = 0
    },
  }
}
