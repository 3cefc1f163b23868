import variant from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core'

/** Their meaning is in messages.ts. */
const counter = { turnsBegun: 0, turnsDone: 1, messagesTaken: 2, bytesTaken: 3 }
const pageBytes = 65_536
/** What the module was built to start with. */
const pagesMin = 256
/** The C stack beneath is not much larger; over its end lies the heap. */
const stackBytesMost = 256 * 1024
const minuteMs = 60_000
const jobsAtOnce = 64
const refusedMax = 16

/**
 * Runs one isolate until its thread is ended.
 * @param {import('node:worker_threads').MessagePort} port
 * @param {import('./messages.ts').IsolateSettings} settings
 */
export async function serve(port, { wasm, bridge, entry, modules, limits, shared }) {
  hideTimeZone()
  const counters = new Int32Array(shared)
  const memory = createMemory(limits)
  const outbox = createOutbox(port, counters, limits, modules)
  const meter = createMeter(limits)
  /** The first reason to end; nothing is sent after it. */
  let fatal
  const fail = (cause, detail) => {
    fatal ??= { kind: 'ended', cause, detail }
  }

  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(variant, {
      wasmModule: wasm,
      wasmMemory: memory.memory,
      emscriptenModule: { print: () => {}, printErr: () => {} },
    }),
  )
  const runtime = quickjs.newRuntime()
  runtime.setMaxStackSize(Math.min(limits.stackBytesMax, stackBytesMost))
  runtime.setInterruptHandler(isOver)
  runtime.setModuleLoader(outbox.load, outbox.resolve)
  const context = runtime.newContext()
  let receive

  turn(start)
  port.on('message', ({ text, bytes }) => turn(() => deliver(text, bytes)))

  function isOver() {
    if (memory.isDenied()) fail('memory', `More than ${limits.memoryBytesMax} bytes.`)
    const late = meter.late()
    if (late !== undefined) fail('loop', late)
    return fatal !== undefined
  }

  /** From a message until nothing is left to do; then all that came of it goes out at once. */
  function turn(act) {
    if (fatal !== undefined) return
    Atomics.add(counters, counter.turnsBegun, 1)
    meter.begin()
    try {
      act()
      while (!isOver() && runtime.hasPendingJob()) runtime.executePendingJobs(jobsAtOnce).dispose()
    } catch (error) {
      // Out of the engine itself: its stack ran over, or it trapped.
      fail(error instanceof RangeError ? 'recursion' : 'crash', String(error?.message ?? error))
    }
    meter.end()
    if (fatal === undefined) outbox.flush()
    else port.postMessage(fatal)
    Atomics.add(counters, counter.turnsDone, 1)
  }

  function start() {
    const code = `delete globalThis.SharedArrayBuffer; (send) => (${bridge})(send, () => import(${JSON.stringify(`./${entry}`)}), globalThis)`
    const open = unwrap(context.evalCode(code, 'bridge'))
    const send = context.newFunction('send', (text, buffer) => {
      const bytes = bytesOf(buffer)
      const size = lengthOf(text) + bytes.length
      if (size > limits.messageBytesMax) fail('oversized', `A message has ${size} bytes.`)
      if (!outbox.hasRoom(size)) fail('flood', 'More messages than were taken.')
      if (fatal !== undefined) throw new Error('The isolate has ended.')
      outbox.add({ text: context.getString(text), bytes })
    })
    receive = unwrap(context.callFunction(open, context.undefined, send))
    if (context.typeof(receive) !== 'function') throw new Error('The bridge gave no function.')
  }

  function deliver(text, bytes) {
    const handles = [context.newString(text)]
    if (bytes.length > 0) handles.push(context.newArrayBuffer(bytes.slice().buffer))
    // What it throws concerns nobody out here: whoever waits for an answer waits in vain.
    context.callFunction(receive, context.undefined, ...handles).dispose()
    for (const handle of handles) handle.dispose()
  }

  function unwrap(result) {
    if (result.error === undefined) return result.value
    const thrown = result.error.consume(context.dump)
    throw new Error(typeof thrown === 'object' ? `${thrown?.name}: ${thrown?.message}` : String(thrown))
  }

  function lengthOf(handle) {
    if (context.typeof(handle) !== 'string') throw new TypeError('A message is text.')
    return context.getProp(handle, 'length').consume(context.getNumber)
  }

  /** A copy: what lies in the isolate's memory changes. */
  function bytesOf(handle) {
    if (handle === undefined || context.typeof(handle) === 'undefined') return new Uint8Array(0)
    return context.getArrayBuffer(handle).consume(({ value }) => value.slice())
  }
}

/** An app has no business with where the machine stands; the engine asks these for the offset from UTC. */
function hideTimeZone() {
  const date = Date.prototype
  for (const part of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds'])
    date[`get${part}`] = date[`getUTC${part}`]
  date.getTimezoneOffset = () => 0
}

/** All memory that the isolate will ever have. A growth that is denied is remembered, also where the app goes on as if nothing were. */
function createMemory({ memoryBytesMax }) {
  const maximum = Math.max(pagesMin, Math.floor(memoryBytesMax / pageBytes))
  const memory = new WebAssembly.Memory({ initial: pagesMin, maximum })
  const grow = memory.grow.bind(memory)
  let isDenied = false
  memory.grow = (pages) => {
    // The engine asks for less and less before it gives up: the last answer counts.
    isDenied = true
    const before = grow(pages)
    isDenied = false
    return before
  }
  return { memory, isDenied: () => isDenied }
}

/** Processor time of this thread, so that a turn is not blamed for what others do on a busy machine. */
function createMeter({ turnMsMax, cpuMsPerMinuteMax }) {
  let beganCpuMs = 0
  let beganMs = 0
  let minuteBeganMs = performance.now()
  let minuteCpuMs = 0
  const usedMs = () => cpuMs() - beganCpuMs
  return {
    begin() {
      beganMs = performance.now()
      beganCpuMs = cpuMs()
      if (beganMs - minuteBeganMs < minuteMs) return
      minuteBeganMs = beganMs
      minuteCpuMs = 0
    },
    end() {
      minuteCpuMs += usedMs()
    },
    /** Why the turn is over, if it is. */
    late() {
      const least = Math.min(turnMsMax, cpuMsPerMinuteMax - minuteCpuMs)
      // What took less time by the wall took less of the processor too, and the wall clock is cheaper to read.
      if (performance.now() - beganMs <= least || usedMs() <= least) return undefined
      return least === turnMsMax
        ? `A turn took more than ${turnMsMax} ms.`
        : `The turns of a minute took more than ${cpuMsPerMinuteMax} ms.`
    },
  }
}

function cpuMs() {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** What goes out after the turn, and the modules that there are. */
function createOutbox(port, counters, { unreadMessagesMax, unreadBytesMax }, modules) {
  let messages = []
  let refused = []
  let messagesSent = 0
  // Like the counter beside it, it wraps at 32 bits; only the difference counts.
  let bytesSent = 0
  return {
    hasRoom(size) {
      const unread = (messagesSent - Atomics.load(counters, counter.messagesTaken)) | 0
      const unreadBytes = (bytesSent + size - Atomics.load(counters, counter.bytesTaken)) | 0
      return unread < unreadMessagesMax && unreadBytes <= unreadBytesMax
    },
    add(message) {
      messages.push(message)
      messagesSent = (messagesSent + 1) | 0
      bytesSent = (bytesSent + message.text.length + message.bytes.length) | 0
    },
    flush() {
      if (messages.length > 0 || refused.length > 0) port.postMessage({ kind: 'turn', messages, refused })
      messages = []
      refused = []
    },
    /** A name is looked up in the map, and that is all that ever happens with it. */
    load: (path) => modules.get(path) ?? { error: new Error(`There is no module ${path}.`) },
    resolve(base, specifier) {
      const path = joinPath(base, specifier)
      if (modules.has(path)) return path
      if (refused.length < refusedMax) refused.push(specifier.slice(0, 200))
      return { error: new Error(`There is no module ${specifier.slice(0, 200)}.`) }
    },
  }
}

function joinPath(base, specifier) {
  if (!specifier.startsWith('./') && !specifier.startsWith('../')) return specifier
  const parts = base.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
