import type { Flow, FlowEvents, StreamEnd, Target } from '../flow.ts'
import type { World } from '../world.ts'
import type { Held, PoolSettings, Waiter } from './pool.ts'

type PooledOptions = {
  readonly world: World
  readonly ask: (waiter: Waiter) => void
  readonly settings: Pick<PoolSettings, 'connectMs' | 'streamTriesMax'>
  readonly target: Target
  readonly events: FlowEvents
}

/** Written before the stream is connected, at most. */
const earlyBytesMax = 1024 * 1024

/** A stream on whichever circuit connects it first. What is written before waits here, so that it goes out once. */
export function openPooled({ world, ask, settings, target, events }: PooledOptions): Flow {
  let inner: Flow | undefined
  let held: Held | undefined
  let isConnected = false
  let isOver = false
  let isEnding = false
  let tries = 0
  let cancelTimer: (() => void) | undefined
  const early: Uint8Array[] = []
  let earlyBytes = 0

  const finish = (reason: StreamEnd): void => {
    if (isOver) return
    isOver = true
    cancelTimer?.()
    early.length = 0
    events.closed(reason)
  }
  const again = (reason: StreamEnd): void => {
    cancelTimer?.()
    inner = undefined
    if (tries < settings.streamTriesMax) ask(waiter)
    else finish(reason)
  }
  const late = (): void => {
    const circuit = held
    inner?.reset('timeout')
    again('timeout')
    circuit?.retire()
  }
  const connected = (): void => {
    isConnected = true
    cancelTimer?.()
    events.connected()
    for (const bytes of early.splice(0)) inner?.write(bytes)
    if (isEnding) inner?.end()
  }
  const waiter: Waiter = {
    attach(on) {
      if (isOver) return true
      const attempt = tries
      const isMine = (): boolean => !isOver && attempt + 1 === tries
      const opened = on.circuit.open(target, {
        connected: () => isMine() && connected(),
        data(bytes) {
          on.carried(bytes.length)
          events.data(bytes)
        },
        written(bytes) {
          on.carried(bytes)
          events.written(bytes)
        },
        ended: events.ended,
        closed(reason) {
          if (!isMine()) return
          if (!isConnected && reason === 'lost') again(reason)
          else finish(reason)
        },
      })
      if (opened === undefined) return false
      tries += 1
      inner = opened
      held = on
      cancelTimer = world.after(settings.connectMs, late)
      return true
    },
    fail: finish,
  }
  ask(waiter)
  return {
    write(bytes) {
      if (isOver || isEnding) return
      if (isConnected) {
        inner?.write(bytes)
        return
      }
      early.push(bytes)
      earlyBytes += bytes.length
      if (earlyBytes > earlyBytesMax) {
        inner?.reset('resources')
        finish('resources')
      }
    },
    consumed: (bytes) => inner?.consumed(bytes),
    end() {
      if (isEnding) return
      isEnding = true
      if (isConnected) inner?.end()
    },
    reset(reason) {
      if (isOver) return
      isOver = true
      cancelTimer?.()
      early.length = 0
      inner?.reset(reason)
    },
  }
}
