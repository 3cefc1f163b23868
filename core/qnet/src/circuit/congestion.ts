/**
 * How many cells may be under way on a circuit: TCP Vegas as Tor's proposal 324 takes it (section 3.3), in cells of ours. It
 * was chosen over a fixed window, which is either too small for a far path or fills the relays' queues, and over losses as a
 * signal, because no cell may be lost. The receiver acknowledges every 16th cell inside the onion; how long that
 * took against the shortest time seen says how many cells stand in queues.
 */
export type Congestion = {
  readonly windowCells: number
  readonly inFlight: number
  /** Smoothed; undefined until the first acknowledgement. */
  readonly rttMs: number | undefined
  canSend(): boolean
  sent(nowMs: number): void
  /** False for an acknowledgement of what was never sent. */
  acknowledged(nowMs: number): boolean
}

export const cellsPerAck = 16
const windowFirst = 64
const windowMin = 16
export const windowMax = 4096
/** Cells in queues: below alpha the window grows, above beta it shrinks, above gamma the slow start ends. */
const queue = { alpha: 24, beta: 48, gamma: 40, delta: 80 } as const
/** Weight of the newest round trip. */
const smoothing = 0.25

export function createCongestion(): Congestion {
  const sentAtMs: number[] = []
  let windowCells = windowFirst
  let inFlight = 0
  let sentCells = 0
  let isSlowStart = true
  let untilUpdate = 0
  let rttMs: number | undefined
  let rttMinMs = Number.POSITIVE_INFINITY

  const measure = (sampleMs: number): number => {
    // A clock that jumps gives a sample that is nothing: at least a tenth of a millisecond, at most a minute.
    const sample = Math.min(Math.max(sampleMs, 0.1), 60_000)
    rttMs = rttMs === undefined ? sample : rttMs + (sample - rttMs) * smoothing
    rttMinMs = Math.min(rttMinMs, sample)
    return windowCells * Math.min(1, rttMinMs / rttMs)
  }
  const adapt = (onTheWay: number): void => {
    const queued = windowCells - onTheWay
    if (isSlowStart && queued < queue.gamma) windowCells += cellsPerAck
    else if (isSlowStart) {
      isSlowStart = false
      windowCells = onTheWay + queue.gamma
    } else {
      untilUpdate -= cellsPerAck
      if (untilUpdate > 0) return
      if (queued > queue.delta) windowCells = onTheWay + queue.delta - cellsPerAck
      else if (queued > queue.beta) windowCells -= cellsPerAck / 2
      else if (queued < queue.alpha) windowCells += cellsPerAck / 2
      untilUpdate = windowCells
    }
    windowCells = Math.round(Math.min(Math.max(windowCells, windowMin), windowMax))
  }

  return {
    get windowCells() {
      return windowCells
    },
    get inFlight() {
      return inFlight
    },
    get rttMs() {
      return rttMs
    },
    canSend: () => inFlight < windowCells,
    sent(nowMs) {
      inFlight += 1
      sentCells += 1
      if (sentCells % cellsPerAck === 0) sentAtMs.push(nowMs)
    },
    acknowledged(nowMs) {
      const sentMs = sentAtMs.shift()
      if (sentMs === undefined) return false
      // A window that was not used says nothing about the path.
      const wasFull = inFlight + cellsPerAck >= windowCells
      inFlight -= cellsPerAck
      const onTheWay = measure(nowMs - sentMs)
      if (wasFull || windowCells - onTheWay > queue.beta) adapt(onTheWay)
      return true
    },
  }
}
