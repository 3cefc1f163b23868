import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Fault } from '@anarq/fault'
import {
  type ChunkSealer,
  createWindowPool,
  type SealedRange,
  type SealRange,
  sealedRoomOf,
  type Window,
} from '@anarq/flows'
import type { SealReply, SealRequest, WindowNotice } from './messages.ts'

export type ThreadSealerOptions = {
  /** One a core by default, at most 8: the reader and the writer need a share too. */
  threads?: number
  windowBytes?: number
  windowsMax?: number
}

/** A worker keeps nothing from one chunk to the next: small heaps are cleaned early, and memory stays flat. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 96 }

type Lane = { worker: Worker; waiting: Map<number, Waiting>; announced: Set<number> }
type Waiting = {
  readonly window: Window
  readonly ranges: readonly SealRange[]
  resolve(ranges: readonly SealedRange[]): void
  reject(error: Fault): void
}

/** Workers start when the first chunk comes, so a node that only waits stays small. */
export function createThreadSealer({
  threads = Math.min(8, Math.max(1, availableParallelism())),
  windowBytes = 12 * 1024 * 1024,
  windowsMax = 3,
}: ThreadSealerOptions = {}): ChunkSealer {
  const lanes: Lane[] = []
  const windows = createWindowPool(windowsMax, () => ({
    bytes: new Uint8Array(new SharedArrayBuffer(windowBytes)),
    sealed: new Uint8Array(new SharedArrayBuffer(sealedRoomOf(windowBytes))),
  }))
  let nextId = 0

  return {
    windowBytes,
    window: windows.take,
    seal(window, ranges, keys) {
      const lane = laneFor()
      const id = nextId++
      announce(lane, window)
      return new Promise((resolve, reject) => {
        lane.waiting.set(id, { window, ranges, resolve, reject })
        lane.worker.ref()
        lane.worker.postMessage({ kind: 'seal', id, window: window.id, ranges, keys } satisfies SealRequest)
      })
    },
    async close() {
      await Promise.all(lanes.splice(0).map(({ worker }) => worker.terminate()))
    },
  }

  function laneFor(): Lane {
    const idle = lanes.find((lane) => lane.waiting.size === 0)
    if (idle !== undefined) return idle
    if (lanes.length < threads) {
      const lane = startLane()
      lanes.push(lane)
      return lane
    }
    return lanes.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a))
  }

  function startLane(): Lane {
    const worker = new Worker(new URL('./sealer-worker.ts', import.meta.url), { resourceLimits })
    const lane: Lane = { worker, waiting: new Map(), announced: new Set() }
    worker.on('message', (reply: SealReply) => settle(lane, reply))
    const fail = (cause: unknown): void => {
      if (lanes.includes(lane)) lanes.splice(lanes.indexOf(lane), 1)
      const fault = new Fault('unavailable.worker', 'A worker thread ended unexpectedly. Try again.', {
        cause,
      })
      for (const waiting of lane.waiting.values()) waiting.reject(fault)
      lane.waiting.clear()
    }
    worker.on('error', fail)
    worker.on('exit', fail)
    return lane
  }
}

function announce({ worker, announced }: Lane, { id, bytes, sealed }: Window): void {
  if (announced.has(id)) return
  announced.add(id)
  const [plainMemory, sealedMemory] = [bytes.buffer as SharedArrayBuffer, sealed.buffer as SharedArrayBuffer]
  worker.postMessage({
    kind: 'window',
    window: id,
    bytes: plainMemory,
    sealed: sealedMemory,
  } satisfies WindowNotice)
}

function settle({ worker, waiting }: Lane, reply: SealReply): void {
  const one = waiting.get(reply.id)
  waiting.delete(reply.id)
  if (waiting.size === 0) worker.unref()
  if (one === undefined) return
  if ('error' in reply)
    one.reject(new Fault('internal.sealer', `A chunk could not be sealed: ${reply.error}`))
  else
    one.resolve(
      one.ranges.map((range, i) =>
        sealedRange(one.window, range, reply.lengths[i] as number, reply.hashes.subarray(i * 64)),
      ),
    )
}

function sealedRange(
  { sealed }: Window,
  { from, to, sealedAt }: SealRange,
  storedBytes: number,
  hashes: Uint8Array,
): SealedRange {
  return {
    block: sealed.subarray(sealedAt, sealedAt + storedBytes),
    digest: hashes.subarray(0, 32),
    key: hashes.subarray(32, 64),
    plainBytes: to - from,
    storedBytes,
  }
}
