import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { EndCause, Engine, Isolate, IsolateOptions } from '@anarq/runtime'
import { type CompiledModule, counter, type IsolateSettings, readReport } from './messages.ts'

export type QuickjsOptions = {
  /** By the wall clock; twice in this time the watchdog looks, and ends a thread that is in the same turn. By default from the turn's limit. */
  watchMs?: number
}

/** The worker's own heap holds the messages on their way; the app's heap is WebAssembly memory and counted there. */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64, stackSizeMb: 4 }
/** Node has it; its types do not. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => CompiledModule }
}
const wasmFile = '@jitl/quickjs-wasmfile-release-sync/wasm'

/** Nothing is loaded before the first isolate starts. */
export function createQuickjs({ watchMs }: QuickjsOptions = {}): Engine {
  let wasm: CompiledModule | undefined
  return {
    start(options) {
      try {
        wasm ??= new WebAssembly.Module(readFileSync(createRequire(import.meta.url).resolve(wasmFile)))
        return startIsolate(wasm, watchMs ?? options.limits.turnMsMax * 4 + 2000, options)
      } catch (error) {
        return unstarted(options, error)
      }
    },
  }
}

/** Where the engine's file or another thread cannot be had. */
function unstarted({ on }: IsolateOptions, error: unknown): Isolate {
  let isStopped = false
  queueMicrotask(() => {
    if (!isStopped) on({ kind: 'ended', cause: 'crash', detail: String(error) })
  })
  return {
    send: () => {},
    async stop() {
      isStopped = true
    },
  }
}

function startIsolate(wasm: CompiledModule, watchMs: number, options: IsolateOptions): Isolate {
  const { bridge, source, limits, on } = options
  const shared = new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT)
  const counters = new Int32Array(shared)
  const workerData: IsolateSettings = { wasm, bridge, ...source, limits, shared }
  const worker = new Worker(new URL('./isolate-worker.mjs', import.meta.url), {
    workerData,
    resourceLimits,
    // Nothing of this process is inherited, and nothing that the thread prints is printed.
    env: {},
    execArgv: [],
    argv: [],
    stdout: true,
    stderr: true,
  })
  worker.unref()
  // Coming up takes hold of the process once more.
  worker.on('online', () => worker.unref())
  // The first turn loads the modules.
  const watchdog = createWatchdog(counters, watchMs, () => end('loop', 'A turn was ended from outside.'))
  watchdog.expectTurn()
  let isOver = false
  let stopping: Promise<void> | undefined

  worker.on('message', (value: unknown) => {
    const report = readReport(value)
    if (isOver) return
    if (report === undefined) return end('crash', 'The worker sent what no worker sends.')
    if (report.kind === 'ended') return end(report.cause, report.detail)
    for (const specifier of report.refused) if (!isOver) on({ kind: 'refused', specifier })
    for (const message of report.messages) {
      if (isOver) return
      on({ kind: 'message', message })
      Atomics.add(counters, counter.messagesTaken, 1)
      Atomics.add(counters, counter.bytesTaken, message.text.length + message.bytes.length)
    }
  })
  worker.on('error', (error: NodeJS.ErrnoException) =>
    end(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'crash', String(error.message)),
  )
  worker.on('exit', () => end('crash', 'The thread ended.'))

  return {
    send({ text, bytes }) {
      if (isOver) return
      watchdog.expectTurn()
      worker.postMessage({ text, bytes })
    },
    stop,
  }

  function end(cause: EndCause, detail: string): void {
    if (isOver) return
    stop().catch(() => {})
    on({ kind: 'ended', cause, detail })
  }

  function stop(): Promise<void> {
    isOver = true
    watchdog.stop()
    stopping ??= endThread(worker)
    return stopping
  }
}

type Watchdog = { expectTurn(): void; stop(): void }

/**
 * The worker ends its own turns by the processor time that they took. Should it be stuck where it cannot look, this ends it by the
 * wall clock: the same turn, seen twice. It wakes up only while turns are expected.
 */
function createWatchdog(counters: Int32Array, watchMs: number, onStuck: () => void): Watchdog {
  let expected = 0
  let seen = -1
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    timer = undefined
    const begun = Atomics.load(counters, counter.turnsBegun)
    const done = Atomics.load(counters, counter.turnsDone)
    const isIdle = done === expected
    if (begun > done && begun === seen) {
      onStuck()
      return
    }
    seen = begun > done ? begun : -1
    if (!isIdle) watch()
  }
  const watch = (): void => {
    timer ??= setTimeout(look, watchMs / 2).unref()
  }
  return {
    expectTurn() {
      expected += 1
      watch()
    },
    stop() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

const endMsMax = 2000

/**
 * A message that is still on its way must not let go of a worker whose end is waited for: the process would end first. The timer
 * keeps the process alive too, and ends the wait for a thread that was just starting and whose end was never told.
 */
async function endThread(worker: Worker): Promise<void> {
  worker.removeAllListeners('message')
  const { promise: patience, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, endMsMax)
  await Promise.race([worker.terminate(), patience])
  clearTimeout(timer)
}
