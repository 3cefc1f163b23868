import type { ContentReader } from './content.ts'
import type { SealedRange } from './seal-range.ts'
import { type Sealer, type SealRange, sealedExtraBytesMax, type Window } from './sealer.ts'

/** One batch on its way through the sealer: whose chunks they are, and what is complete once it is back. */
export type Batch<Owner, Done> = {
  readonly ranges: Promise<readonly SealedRange[]>
  readonly owners: readonly Owner[]
  readonly done: readonly Done[]
  /** Gives the memory of its chunks back. */
  release(): void
}

export type FillerOptions<Owner, Done> = {
  sealer: Sealer
  /** Whether their chunks may be in one batch. */
  mayShare(a: Owner, b: Owner): boolean
  /** Sends chunks of a window to be sealed, all of owners that may share a batch with this one. */
  seal(window: Window, ranges: readonly SealRange[], owner: Owner): Promise<readonly SealedRange[]>
  /** Takes a batch; waits while too many are under way. */
  send(batch: Batch<Owner, Done>): Promise<void>
  /** As `Chunker.cut`. */
  cut(buffer: Uint8Array, from: number, to: number, isEnd: boolean, seen?: number): number
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Fills windows with content, small files one behind another, and sends it off in batches. */
export type Filler<Owner, Done> = {
  /** `read` may read to the memory that it is given, of at most `bytesMax`; a promise only where there is a wait. */
  addWhole(owner: Owner, bytesMax: number, read: (into: Uint8Array) => Uint8Array): Promise<void> | undefined
  /** `peek` sees the first bytes that come. */
  addStream(owner: Owner, reader: ContentReader, peek: (head: Uint8Array) => void): Promise<void>
  /** Goes with the batch that holds what was added last. */
  done(item: Done): void
  flush(): Promise<void>
  close(): void
}

const batchBytes = 2 * 1024 * 1024
const readBytes = 2 * 1024 * 1024
const rangesMax = 128
/** Whole contents fill only so much of a window: memory that was used a moment ago is still in the processor's cache. */
const wholesBytesMax = 4 * 1024 * 1024

type Held = { readonly window: Window; users: number; isFull: boolean }
type Pending<Owner, Done> = { ranges: SealRange[]; owners: Owner[]; done: Done[]; bytes: number }

type State<Owner, Done> = {
  readonly options: FillerOptions<Owner, Done>
  held: Held | undefined
  /** How far the window's content and the room for its seals are taken. */
  fill: number
  sealedAt: number
  pending: Pending<Owner, Done>
}

export function createFiller<Owner, Done>(options: FillerOptions<Owner, Done>): Filler<Owner, Done> {
  const state: State<Owner, Done> = {
    options,
    held: undefined,
    fill: 0,
    sealedAt: 0,
    pending: { ranges: [], owners: [], done: [], bytes: 0 },
  }
  return {
    addWhole: (owner, bytesMax, read) => addWhole(state, owner, bytesMax, read),
    addStream: (owner, reader, peek) => addStream(state, owner, reader, peek),
    done: (item) => void state.pending.done.push(item),
    flush: () => flush(state),
    close() {
      if (state.held === undefined) return
      state.held.isFull = true
      state.held.users += 1
      letGo(state.held)
    },
  }
}

function addWhole<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  bytesMax: number,
  read: (into: Uint8Array) => Uint8Array,
): Promise<void> | undefined {
  const window = state.fill >= wholesBytesMax ? undefined : roomNow(state, bytesMax)
  if (window === undefined) return turn(state, empty).then(() => fillWhole(state, owner, bytesMax, read))
  return fillWhole(state, owner, bytesMax, read)
}

function fillWhole<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  bytesMax: number,
  read: (into: Uint8Array) => Uint8Array,
): Promise<void> | undefined {
  const { window } = state.held as Held
  const into = window.bytes.subarray(state.fill, state.fill + bytesMax)
  const bytes = read(into)
  if (bytes.length > bytesMax) return addGrown(state, owner, bytes.slice())
  if (bytes.buffer !== into.buffer || bytes.byteOffset !== into.byteOffset) into.set(bytes)
  state.fill += bytes.length
  return addRange(state, owner, state.fill - bytes.length, state.fill)
}

/** Longer than was said. */
async function addGrown<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  bytes: Uint8Array,
): Promise<void> {
  const window = await room(state, bytes.length)
  window.bytes.set(bytes, state.fill)
  state.fill += bytes.length
  await addRange(state, owner, state.fill - bytes.length, state.fill)
}

async function addStream<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  reader: ContentReader,
  peek: (head: Uint8Array) => void,
): Promise<void> {
  const { signal, cut } = state.options
  let window = await room(state, 1)
  let from = state.fill
  let seen = 0
  let chunks = 0
  const readNext = (): Promise<number> => {
    const read = reader.read(window.bytes.subarray(state.fill, state.fill + readBytes))
    // It is awaited when its turn comes; until then, while a batch waits to be sent, a rejection has its handler here.
    read.catch(() => {})
    return read
  }
  let coming = reader.waits === undefined ? readNext() : nothing
  try {
    for (let isEnd = false; !isEnd || from < state.fill; ) {
      if (!isEnd) {
        signal?.throwIfAborted()
        if (reader.waits !== undefined) {
          const wait = reader.waits()
          if (wait !== undefined && (await isLate(wait))) {
            const tail = await standAside(state, from)
            await wait
            window = await turn(state, tail)
            from = 0
          }
          coming = readNext()
        }
        const read = await coming
        isEnd = read === 0
        if (chunks === 0 && from === state.fill) peek(window.bytes.subarray(from, from + read))
        state.fill += read
        if (state.fill === window.bytes.length) {
          window = await turn(state, window.bytes.subarray(from, state.fill))
          from = 0
        }
        // The next bytes come while these are looked at.
        if (!isEnd && reader.waits === undefined) coming = readNext()
      }
      let end = cut(window.bytes, from, state.fill, isEnd, seen)
      for (; end >= 0; end = cut(window.bytes, from, state.fill, isEnd)) {
        await addRange(state, owner, from, end)
        chunks += 1
        from = end
      }
      seen = state.fill - from
    }
  } finally {
    // Nothing may write to a window that is somebody else's by then.
    await coming.catch(() => {})
  }
  if (chunks === 0) await addRange(state, owner, state.fill, state.fill)
}

/** A promise only where a batch is full, or may not be shared. */
function addRange<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  from: number,
  to: number,
): Promise<void> | undefined {
  const { mayShare } = state.options
  const last = state.pending.owners.at(-1)
  if (last !== undefined && !mayShare(last, owner))
    return flush(state).then(() => pushRange(state, owner, from, to))
  return pushRange(state, owner, from, to)
}

function pushRange<Owner, Done>(
  state: State<Owner, Done>,
  owner: Owner,
  from: number,
  to: number,
): Promise<void> | undefined {
  const { pending } = state
  const bytes = to - from
  pending.ranges.push({ from, to, sealedAt: state.sealedAt })
  pending.owners.push(owner)
  pending.bytes += bytes
  state.sealedAt += bytes + sealedExtraBytesMax
  state.options.onBytes?.(bytes)
  return pending.bytes >= batchBytes || pending.ranges.length >= rangesMax ? flush(state) : undefined
}

async function flush<Owner, Done>(state: State<Owner, Done>): Promise<void> {
  const { options, held } = state
  const { ranges, owners, done } = state.pending
  if (ranges.length === 0 && done.length === 0) return
  state.pending = { ranges: [], owners: [], done: [], bytes: 0 }
  if (ranges.length === 0 || held === undefined) {
    await options.send({ ranges: Promise.resolve([]), owners, done, release() {} })
    return
  }
  held.users += 1
  const sealed = options.seal(held.window, ranges, owners[0] as Owner)
  // Whoever takes the batch awaits it in order; until then a rejection has its handler here.
  sealed.catch(() => {})
  const release = (): void => letGo(held)
  try {
    await options.send({ ranges: sealed, owners, done, release })
  } catch (error) {
    await sealed.catch(() => {})
    release()
    throw error
  }
}

/** A window with room for so many bytes, and for the seals of whatever still fits into it. */
async function room<Owner, Done>(state: State<Owner, Done>, bytes: number): Promise<Window> {
  return roomNow(state, bytes) ?? turn(state, empty)
}

/** The window at hand, where it has that room. */
function roomNow<Owner, Done>(state: State<Owner, Done>, bytes: number): Window | undefined {
  if (state.held === undefined) return undefined
  const { window } = state.held
  const bytesLeft = window.bytes.length - state.fill
  const extraLeft = window.sealed.length - state.sealedAt - bytesLeft
  const hasRoom = bytesLeft >= bytes && extraLeft >= rangesMax * sealedExtraBytesMax
  return hasRoom ? window : undefined
}

/** To a new window, with what is left of the old one at its start; the old one stays ours until that is copied. */
async function turn<Owner, Done>(state: State<Owner, Done>, rest: Uint8Array): Promise<Window> {
  const { sealer, signal } = state.options
  const old = state.held
  if (old !== undefined) old.users += 1
  try {
    await flush(state)
    state.held = undefined
    const window = await sealer.window(signal)
    window.bytes.set(rest)
    state.held = { window, users: 0, isFull: false }
    state.fill = rest.length
    state.sealedAt = 0
    return window
  } finally {
    if (old !== undefined) {
      old.isFull = state.held !== old
      letGo(old)
    }
  }
}

/** True where a source stalls: it is still waited for after a moment of patience. */
async function isLate(wait: Promise<unknown>): Promise<boolean> {
  const { promise: patience, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, patienceMs, true)
  try {
    return await Promise.race([wait.then(() => false), patience])
  } finally {
    clearTimeout(timer)
  }
}

/** Lets others have the window while a source stalls; what is not cut yet goes along in memory of its own. */
async function standAside<Owner, Done>(state: State<Owner, Done>, from: number): Promise<Uint8Array> {
  const { held } = state
  if (held === undefined) return empty
  const tail = held.window.bytes.slice(from, state.fill)
  held.users += 1
  try {
    await flush(state)
    state.held = undefined
    held.isFull = true
  } finally {
    letGo(held)
  }
  return tail
}

const patienceMs = 100
const nothing = Promise.resolve(0)
const empty = new Uint8Array(0)

function letGo(one: Held): void {
  one.users -= 1
  if (one.users === 0 && one.isFull) one.window.release()
}
