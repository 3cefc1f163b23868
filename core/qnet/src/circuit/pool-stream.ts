import type { Flow, FlowEvents, StreamEnd } from '../flow.ts'
import type { World } from '../world.ts'
import type { KeptStream } from './client-streams.ts'
import type { PoolSettings, Waiter } from './pool.ts'
import type { Held } from './pool-shelf.ts'

type PooledOptions = {
  readonly world: World
  readonly ask: (waiter: Waiter) => void
  readonly settings: Pick<PoolSettings, 'connectMs' | 'streamTriesMax'>
  /** The stream on this circuit. Undefined: it takes no more. */
  readonly begin: (held: Held, events: FlowEvents) => Begun | undefined
  readonly events: FlowEvents
  /** What is written before it is connected goes out at once, on each circuit that it is asked for on. */
  readonly isEarly?: boolean
}
/** With `kept` it goes on over another circuit where this one is lost. */
export type Begun = { readonly flow: Flow; readonly kept?: KeptStream }

/** Written before the stream is connected, at most. */
const earlyBytesMax = 1024 * 1024

type State = {
  inner: Begun | undefined
  held: Held | undefined
  isConnected: boolean
  isOver: boolean
  cancelTimer(): void
  stopHearing(): void
}

/** A stream on whichever circuit connects it first. What is written before waits here, so that it goes out once, or as said. */
export function openPooled({ world, ask, settings, begin, events, isEarly = false }: PooledOptions): Flow {
  const early = createEarly(isEarly)
  const state: State = {
    ...{ inner: undefined, held: undefined, isConnected: false, isOver: false },
    ...{ cancelTimer() {}, stopHearing() {} },
  }
  /** Streams begun, of which the newest alone is heard; and circuits asked in vain since one answered. */
  let begun = 0
  let tries = 0

  const finish = (reason: StreamEnd): void => {
    if (!close(state)) return
    early.clear()
    events.closed(reason)
    state.inner?.kept?.abandon(reason)
  }
  const again = (reason: StreamEnd): void => {
    state.cancelTimer()
    state.stopHearing()
    if (tries >= settings.streamTriesMax) {
      finish(reason)
      return
    }
    if (!state.isConnected) {
      begun += 1
      state.inner?.kept?.abandon(reason)
      state.inner = undefined
    }
    ask(waiter)
  }
  const late = (): void => {
    const circuit = state.held
    if (!state.isConnected) state.inner?.flow.reset('timeout')
    again('timeout')
    circuit?.retire()
  }
  const answered = (): void => {
    state.cancelTimer()
    tries = 0
    if (state.isConnected) return
    state.isConnected = true
    events.connected()
    for (const bytes of early.waiting()) state.inner?.flow.write(bytes)
    early.clear()
    if (early.isEnding) state.inner?.flow.end()
  }
  /** The stream on this circuit, begun or gone on with. */
  const put = (on: Held): boolean => {
    const { inner, isConnected } = state
    if (isConnected && inner?.kept !== undefined)
      return on.circuit.resume(inner.kept, () => state.held === on && answered())
    const mine = begun + 1
    const isMine = (): boolean => !state.isOver && begun === mine
    const opened = begin(on, {
      ...carrying(state, events),
      connected: () => isMine() && answered(),
      closed(reason) {
        if (!isMine()) return
        if (!state.isConnected && reason === 'lost') again(reason)
        else finish(reason)
      },
    })
    if (opened === undefined) return false
    begun = mine
    state.inner = opened
    for (const bytes of early.sent()) opened.flow.write(bytes)
    return true
  }
  const waiter: Waiter = {
    attach(on) {
      if (state.isOver) return true
      if (!put(on)) return false
      tries += 1
      state.held = on
      // A kept stream is not told itself that its circuit is gone: it waits for another one.
      if (state.inner?.kept !== undefined) state.stopHearing = on.onOver(() => state.isOver || again('lost'))
      state.cancelTimer = world.after(settings.connectMs, late)
      return true
    },
    fail: finish,
  }
  ask(waiter)
  return flowOf(state, early, finish)
}

/** False: it is over already. */
function close(state: State): boolean {
  if (state.isOver) return false
  state.isOver = true
  state.cancelTimer()
  state.stopHearing()
  return true
}

function carrying(state: State, events: FlowEvents): Pick<FlowEvents, 'data' | 'written' | 'ended'> {
  return {
    data(bytes) {
      state.held?.carried(bytes.length)
      events.data(bytes)
    },
    written(bytes) {
      state.held?.carried(bytes)
      events.written(bytes)
    },
    ended: events.ended,
  }
}

function flowOf(state: State, early: Early, finish: (reason: StreamEnd) => void): Flow {
  return {
    write(bytes) {
      if (state.isOver || early.isEnding) return
      if (state.isConnected) state.inner?.flow.write(bytes)
      else if (!early.put(bytes)) {
        state.inner?.flow.reset('resources')
        finish('resources')
      } else if (early.isSent) state.inner?.flow.write(bytes)
    },
    consumed: (bytes) => state.inner?.flow.consumed(bytes),
    end() {
      if (early.isEnding) return
      early.isEnding = true
      if (state.isConnected) state.inner?.flow.end()
    },
    reset(reason) {
      if (!close(state)) return
      early.clear()
      state.inner?.flow.reset(reason)
    },
  }
}

type Early = {
  readonly isSent: boolean
  /** False: more than may wait. */
  put(bytes: Uint8Array): boolean
  /** For the circuit that connected: what was not sent before. */
  waiting(): readonly Uint8Array[]
  /** For each circuit that is asked. */
  sent(): readonly Uint8Array[]
  clear(): void
  /** Nothing more will be written. */
  isEnding: boolean
}

function createEarly(isSent: boolean): Early {
  const pieces: Uint8Array[] = []
  let held = 0
  return {
    put(bytes) {
      pieces.push(bytes)
      held += bytes.length
      return held <= earlyBytesMax
    },
    isSent,
    waiting: () => (isSent ? [] : pieces),
    sent: () => (isSent ? pieces : []),
    clear() {
      pieces.length = 0
    },
    isEnding: false,
  }
}
