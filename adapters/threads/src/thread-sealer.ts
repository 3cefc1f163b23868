import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Fault } from '@anarq/fault'
import {
  createWindowPool,
  type NamedBytes,
  type SealedRange,
  type Sealer,
  type SealRange,
  sealedExtraBytesMax,
  sealedRoomOf,
  type Window,
} from '@anarq/flows'
import { chunkBytesMax } from '@anarq/qompress'
import type {
  FilesAnswer,
  OpenAnswer,
  Reply,
  Request,
  SealAnswer,
  Task,
  WindowNotice,
  WorkerSettings,
} from './messages.ts'
import { packFiles, unpackOpened } from './packed-files.ts'
import { packRequests } from './packed-requests.ts'

export type ThreadSealerOptions = {
  /** One a core by default, at most 8: the reader and the writer need a share too. */
  threads?: number
  windowBytes?: number
  windowsMax?: number
}

/** A worker keeps nothing from one chunk to the next: small heaps are cleaned early, and memory stays flat. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 96 }
/** Another thread starts when every one has so many tasks: a start costs as much as sealing thirty megabytes. */
const backlog = 3
/**
 * Of chunks this small on average one thread seals as many as the reader brings and the store takes, and another would
 * only compile the same code once more.
 */
const littleBytes = 32 * 1024

type Lane = { worker: Worker; waiting: Map<number, Waiting>; announced: Set<number> }
type AnswerOf<T extends Task> = T extends { kind: 'open' }
  ? OpenAnswer
  : T extends { kind: 'files' }
    ? FilesAnswer
    : SealAnswer
type AnyAnswer = SealAnswer & OpenAnswer & FilesAnswer
type Waiting = { resolve(answer: AnyAnswer): void; reject(error: Fault): void }

/** Workers start when the first chunk comes, or are told that it will, so a node that only waits stays small. */
export function createThreadSealer({
  threads = Math.min(8, Math.max(1, availableParallelism())),
  windowBytes = 12 * 1024 * 1024,
  windowsMax = 3,
}: ThreadSealerOptions = {}): Sealer {
  const lanes: Lane[] = []
  const windows = createWindowPool(windowsMax, () => ({
    bytes: new Uint8Array(new SharedArrayBuffer(windowBytes)),
    sealed: new Uint8Array(new SharedArrayBuffer(sealedRoomOf(windowBytes))),
  }))
  const rooms = createRooms()
  let nextId = 0

  return {
    windowBytes,
    window: windows.take,
    async seal(window, ranges, keys) {
      const lane = laneFor(areLittle(ranges))
      announce(lane, window)
      const answer = await ask(lane, { kind: 'seal', window: window.id, ranges, keys })
      return ranges.map((range, i) => sealedRange(window, range, answer, i))
    },
    async sealEnvelopes(requests, owner) {
      return namedBytes(
        await ask(laneFor(true), { kind: 'envelopes', requests: packRequests(requests), owner }),
      )
    },
    room(bytes) {
      const memory = bytes <= roomBytes ? rooms.take() : undefined
      if (memory === undefined) return undefined
      return {
        bytes: new Uint8Array(memory, 0, bytes),
        async open(keys) {
          try {
            return (await ask(laneFor(false), { kind: 'open', memory, bytes, keys })).plain
          } finally {
            rooms.giveBack(memory)
          }
        },
        async openFiles(files, keys) {
          try {
            const task = { kind: 'files' as const, memory, files: packFiles(files), keys }
            return unpackOpened((await ask(laneFor(true), task)).opened)
          } finally {
            rooms.giveBack(memory)
          }
        },
        release: () => rooms.giveBack(memory),
      }
    },
    prepare() {
      if (lanes.length === 0) lanes.push(startLane())
    },
    async close() {
      await Promise.all(lanes.splice(0).map(stop))
    },
  }

  function ask<T extends Task>({ worker, waiting }: Lane, task: T): Promise<AnswerOf<T>> {
    const id = nextId++
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      worker.ref()
      worker.postMessage({ id, task } satisfies Request)
    })
  }

  function laneFor(isLittle: boolean): Lane {
    const least = lanes.reduce<Lane | undefined>(
      (a, b) => (a !== undefined && a.waiting.size <= b.waiting.size ? a : b),
      undefined,
    )
    const mayStart = !isLittle && lanes.length < threads
    if (least !== undefined && (least.waiting.size < backlog || !mayStart)) return least
    const lane = startLane()
    lanes.push(lane)
    return lane
  }

  function startLane(): Lane {
    const cache = getCompileCacheDir()
    // Node names a folder of its own version in the one that was given to it.
    const workerData: WorkerSettings = { compileCache: cache === undefined ? undefined : dirname(cache) }
    const worker = new Worker(new URL('./sealer-worker.mjs', import.meta.url), { resourceLimits, workerData })
    worker.unref()
    const lane: Lane = { worker, waiting: new Map(), announced: new Set() }
    worker.on('message', (reply: Reply) => settle(lane, reply))
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

function areLittle(ranges: readonly SealRange[]): boolean {
  let bytes = 0
  for (const { from, to } of ranges) bytes += to - from
  return bytes < ranges.length * littleBytes
}

/**
 * A message that is still on its way must not let go of a worker whose end is waited for: the process would end first. The
 * timer keeps the process alive too, and ends the wait for a thread that was just starting and whose end was never told.
 */
async function stop({ worker }: Lane): Promise<void> {
  worker.removeAllListeners('message')
  const { promise: patience, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, endMsMax)
  await Promise.race([worker.terminate(), patience])
  clearTimeout(timer)
}

const endMsMax = 2000

/** The largest block there is; most have a quarter of it, and memory that is never touched is never taken. */
const roomBytes = chunkBytesMax + sealedExtraBytesMax
const roomsMax = 8

function createRooms(): { take(): SharedArrayBuffer | undefined; giveBack(memory: SharedArrayBuffer): void } {
  const free: SharedArrayBuffer[] = []
  let made = 0
  return {
    take() {
      const memory = free.pop()
      if (memory !== undefined || made === roomsMax) return memory
      made += 1
      return new SharedArrayBuffer(roomBytes)
    },
    giveBack: (memory) => void free.push(memory),
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

function settle({ worker, waiting }: Lane, reply: Reply): void {
  const one = waiting.get(reply.id)
  waiting.delete(reply.id)
  if (waiting.size === 0) worker.unref()
  if (one === undefined) return
  if ('error' in reply) one.reject(new Fault('internal.sealer', `A part could not be sealed: ${reply.error}`))
  else one.resolve(reply.answer as AnyAnswer)
}

function sealedRange(
  { sealed }: Window,
  { from, to, sealedAt }: SealRange,
  { lengths, hashes }: SealAnswer,
  at: number,
): SealedRange {
  const storedBytes = lengths[at] as number
  return {
    block: sealed.subarray(sealedAt, sealedAt + storedBytes),
    digest: hashes.subarray(at * 64, at * 64 + 32),
    key: hashes.subarray(at * 64 + 32, at * 64 + 64),
    plainBytes: to - from,
    storedBytes,
  }
}

function namedBytes({ lengths, hashes, bytes = new Uint8Array(0) }: SealAnswer): NamedBytes[] {
  let end = 0
  return lengths.map((length, i) => {
    end += length
    return { bytes: bytes.subarray(end - length, end), digest: hashes.subarray(i * 32, i * 32 + 32) }
  })
}
