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
  addWhole(owner: Owner, bytes: Uint8Array): Promise<void>
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

type Held = { readonly window: Window; users: number; isFull: boolean }
type Pending<Owner, Done> = { ranges: SealRange[]; owners: Owner[]; done: Done[]; bytes: number }

export function createFiller<Owner, Done>(options: FillerOptions<Owner, Done>): Filler<Owner, Done> {
  const { sealer, onBytes } = options
  let held: Held | undefined
  let fill = 0
  let sealedAt = 0
  let pending: Pending<Owner, Done> = { ranges: [], owners: [], done: [], bytes: 0 }

  async function flush(): Promise<void> {
    const { ranges, owners, done } = pending
    if (ranges.length === 0 && done.length === 0) return
    pending = { ranges: [], owners: [], done: [], bytes: 0 }
    const current = ranges.length > 0 ? held : undefined
    if (current === undefined) {
      await options.send({ ranges: Promise.resolve([]), owners, done, release() {} })
      return
    }
    current.users += 1
    const sealed = options.seal(current.window, ranges, owners[0] as Owner)
    // Whoever takes the batch awaits it in order; until then a rejection has its handler here.
    sealed.catch(() => {})
    const release = (): void => letGo(current)
    try {
      await options.send({ ranges: sealed, owners, done, release })
    } catch (error) {
      await sealed.catch(() => {})
      release()
      throw error
    }
  }

  /** A window with room for so many bytes, and for the seals of whatever still fits into it. */
  async function room(bytes: number): Promise<Window> {
    if (held === undefined) return turn(empty)
    const { window } = held
    const bytesLeft = window.bytes.length - fill
    const extraLeft = window.sealed.length - sealedAt - bytesLeft
    const hasRoom = bytesLeft >= bytes && extraLeft >= rangesMax * sealedExtraBytesMax
    return hasRoom ? window : turn(empty)
  }

  /** To a new window, with what is left of the old one at its start; the old one stays ours until that is copied. */
  async function turn(rest: Uint8Array): Promise<Window> {
    const old = held
    if (old !== undefined) old.users += 1
    try {
      await flush()
      held = undefined
      const window = await sealer.window(options.signal)
      window.bytes.set(rest)
      held = { window, users: 0, isFull: false }
      fill = rest.length
      sealedAt = 0
      return window
    } finally {
      if (old !== undefined) {
        old.isFull = held !== old
        letGo(old)
      }
    }
  }

  async function addRange(owner: Owner, from: number, to: number): Promise<void> {
    const bytes = to - from
    const last = pending.owners.at(-1)
    if (last !== undefined && !options.mayShare(last, owner)) await flush()
    pending.ranges.push({ from, to, sealedAt })
    pending.owners.push(owner)
    pending.bytes += bytes
    sealedAt += bytes + sealedExtraBytesMax
    onBytes?.(bytes)
    if (pending.bytes >= batchBytes || pending.ranges.length >= rangesMax) await flush()
  }

  async function addStream(
    owner: Owner,
    reader: ContentReader,
    peek: (head: Uint8Array) => void,
  ): Promise<void> {
    let window = await room(1)
    let from = fill
    let seen = 0
    let chunks = 0
    let coming = reader.read(window.bytes.subarray(fill, fill + readBytes))
    try {
      for (let isEnd = false; !isEnd || from < fill; ) {
        if (!isEnd) {
          options.signal?.throwIfAborted()
          const read = await coming
          isEnd = read === 0
          if (chunks === 0 && from === fill) peek(window.bytes.subarray(fill, fill + read))
          fill += read
          if (fill === window.bytes.length) {
            window = await turn(window.bytes.subarray(from, fill))
            from = 0
          }
          // The next bytes come while these are looked at.
          if (!isEnd) coming = reader.read(window.bytes.subarray(fill, fill + readBytes))
        }
        let cut = options.cut(window.bytes, from, fill, isEnd, seen)
        for (; cut >= 0; cut = options.cut(window.bytes, from, fill, isEnd)) {
          await addRange(owner, from, cut)
          chunks += 1
          from = cut
        }
        seen = fill - from
      }
    } finally {
      // Nothing may write to a window that is somebody else's by then.
      await coming.catch(() => {})
    }
    if (chunks === 0) await addRange(owner, fill, fill)
  }

  return {
    async addWhole(owner, bytes) {
      const window = await room(bytes.length)
      window.bytes.set(bytes, fill)
      fill += bytes.length
      await addRange(owner, fill - bytes.length, fill)
    },
    addStream,
    done(item) {
      pending.done.push(item)
    },
    flush,
    close() {
      if (held === undefined) return
      held.isFull = true
      held.users += 1
      letGo(held)
    },
  }
}

const empty = new Uint8Array(0)

function letGo(one: Held): void {
  one.users -= 1
  if (one.users === 0 && one.isFull) one.window.release()
}
