import { concatBytes } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import type { Flow, Guardian } from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import { type Block, type BodyRef, createListBuilder, type ListBuilder } from '@anarq/qnt'
import type { Chunker } from '@anarq/qompress'
import {
  type ChunkSealer,
  type SealedRange,
  type SealKeys,
  type SealRange,
  sealedExtraBytesMax,
  type Window,
} from './chunk-sealer.ts'
import type { ContentReader, PutFile, PutItem, StreamContent } from './content.ts'

/** Where sealed blocks go: present at once, durable with the store's next flush. */
export type BlockSink = {
  /** The blocks' memory is the caller's again when it resolves. */
  putSealed(blocks: readonly Pick<SealedRange, 'block' | 'digest'>[]): Promise<unknown>
  put(blocks: readonly Block[], blockClass: 'meta'): Promise<void>
}

export type IntakeOptions = {
  items: AsyncIterable<readonly PutItem[]>
  sealer: ChunkSealer
  sink: BlockSink
  chunker: Chunker
  keys: SealKeys
  /** A chunk secret of its own for a file that has one; the others are sealed under that of `keys`. */
  chunkSecretOf?: ((file: PutFile) => Uint8Array | undefined) | undefined
  guardian: Guardian
  /** Pseudonym under which the guardian counts. */
  identity: string
  /** Sees the beginning of each file (at most `peekBytesMax`), on this side of the seal, for the owner's own search. */
  peek?: ((file: PutFile, head: Uint8Array) => string | undefined) | undefined
  onBytes?: ((bytes: number) => void) | undefined
  signal?: AbortSignal | undefined
}

/** A file whose content lies sealed in the store, named by nothing yet: until it is registered it does not exist. */
export type Sealed = {
  readonly stage: 'sealed'
  readonly flow: Flow
  readonly file: PutFile
  readonly body: BodyRef
  readonly isLocked: boolean
  /** What `peek` made of the beginning of the content. */
  readonly words: string | undefined
}

export type IntakeResult = Sealed | Exclude<PutItem, PutFile>

/** How many chunk batches may wait for a worker: enough to keep two busy, few enough to keep memory small. */
const batchesWaitingMax = 8
const batchBytes = 1024 * 1024
const rangesMax = 128
const peekBytesMax = 4096

/**
 * The first stages of the flow in, for many files at once: raw → compressed → sealed. Small files share windows and
 * batches; large ones are cut where their content says. Results come in the order of the items.
 */
export async function* intake(options: IntakeOptions): AsyncIterable<IntakeResult> {
  const queue = createQueue<Job>(batchesWaitingMax)
  const reading = readAll(options, queue).then(
    () => queue.end(),
    (error: unknown) => queue.end(error),
  )
  try {
    for await (const job of queue) yield* finish(job, options)
  } finally {
    // Whatever is left goes back to the pool first: the reader may be waiting for just that memory.
    for (const { ranges, release } of queue.stop()) ranges.then(release, release)
    await reading
  }
}

/** One batch on its way through a worker, and what is complete once it is back. */
type Job = {
  ranges: Promise<readonly SealedRange[]>
  owners: readonly Content[]
  done: readonly Finished[]
  release: () => void
}
type Finished = Content | Exclude<PutItem, PutFile>
type Content = {
  kind: 'content'
  file: PutFile
  flow: Flow
  keys: SealKeys
  list: ListBuilder
  frames: Uint8Array[]
  lists: Block[]
  words: string | undefined
  fault?: Fault
}

async function* finish(job: Job, { sink, keys }: IntakeOptions): AsyncIterable<IntakeResult> {
  let ranges: readonly SealedRange[]
  try {
    ranges = await job.ranges
    if (ranges.length > 0) await sink.putSealed(ranges)
  } finally {
    job.release()
  }
  for (const [i, range] of ranges.entries()) {
    const owner = job.owners[i] as Content
    owner.list.add(range)
    owner.frames.push(range.key)
  }
  for (const done of job.done) {
    if (done.kind !== 'content') {
      yield done
      continue
    }
    const { file, flow, fault } = done
    if (fault !== undefined) {
      flow.end('failed', fault.code)
      yield { kind: 'skipped', path: file.path, fault }
      continue
    }
    const body = done.list.finish()
    if (done.lists.length > 0) await sink.put(done.lists, 'meta')
    // A keyed hash of every frame, hashed once more: it fixes what was compressed and tells nothing about it.
    flow.report('compressed', { hash: hashBlake3(concatBytes(...done.frames)), bytes: body.plainBytes })
    flow.report('sealed', { hash: body.cid.multihash.digest, bytes: body.storedBytes })
    yield { stage: 'sealed', flow, file, body, isLocked: keys.lockKey !== undefined, words: done.words }
  }
}

async function readAll(options: IntakeOptions, queue: Queue<Job>): Promise<void> {
  const filler = createFiller(options, queue)
  try {
    for await (const batch of options.items) {
      for (const item of batch) {
        options.signal?.throwIfAborted()
        if (item.kind !== 'file') filler.done(item)
        else await readFile(item, options, filler)
      }
    }
    await filler.flush()
  } finally {
    filler.close()
  }
}

async function readFile(file: PutFile, options: IntakeOptions, filler: Filler): Promise<void> {
  const content = beginContent(file, options)
  try {
    if (file.content.kind === 'small') {
      const bytes = file.content.readAll()
      content.flow.report('raw', { bytes: bytes.length })
      content.words = options.peek?.(file, bytes.subarray(0, peekBytesMax))
      await filler.addWhole(content, bytes)
    } else {
      content.flow.report('raw', file.bytes === undefined ? {} : { bytes: file.bytes })
      await readStream(file.content, content, filler)
    }
  } catch (error) {
    if (options.signal?.aborted === true) throw error
    content.fault = asFault(error)
    if (isForAll(content.fault)) throw content.fault
  }
  filler.done(content)
}

/** Trouble on our side ends the whole put; trouble with one source file only leaves that file out. */
function isForAll(fault: Fault): boolean {
  return (
    fault.code.startsWith('internal.') ||
    fault.code.startsWith('cancelled.') ||
    fault.code === 'unavailable.full' ||
    fault.code === 'unavailable.worker'
  )
}

function beginContent(
  file: PutFile,
  { guardian, identity, keys: all, chunkSecretOf }: IntakeOptions,
): Content {
  const chunkSecret = chunkSecretOf?.(file)
  const keys = chunkSecret === undefined ? all : { ...all, chunkSecret }
  const lists: Block[] = []
  const list = createListBuilder({ chunkSecret: keys.chunkSecret, emit: (block) => lists.push(block) })
  return {
    kind: 'content',
    file,
    flow: guardian.begin('in', identity),
    keys,
    list,
    frames: [],
    lists,
    words: undefined,
  }
}

async function readStream(source: StreamContent, content: Content, filler: Filler): Promise<void> {
  const reader: ContentReader = await source.open()
  let isWhole = false
  try {
    await filler.addStream(content, reader)
    isWhole = true
  } finally {
    const closing = reader.close()
    // While another error is on its way, what closing says is of no use.
    if (isWhole) await closing
    else await closing.catch(() => {})
  }
}

type Filler = {
  addWhole(owner: Content, bytes: Uint8Array): Promise<void>
  addStream(owner: Content, reader: ContentReader): Promise<void>
  done(item: Finished): void
  flush(): Promise<void>
  close(): void
}

type Held = { window: Window; users: number; isFull: boolean }

function createFiller(
  { sealer, chunker, keys: keysOfAll, onBytes, peek, signal }: IntakeOptions,
  queue: Queue<Job>,
): Filler {
  let held: Held | undefined
  let fill = 0
  let sealedAt = 0
  let keys = keysOfAll
  let ranges: SealRange[] = []
  let owners: Content[] = []
  let finished: Finished[] = []
  let waitingBytes = 0

  const letGo = (one: Held): void => {
    one.users -= 1
    if (one.users === 0 && one.isFull) one.window.release()
  }
  const send = async (): Promise<void> => {
    if (ranges.length === 0 && finished.length === 0) return
    const job = { owners, done: finished }
    let sealed: Promise<readonly SealedRange[]> = Promise.resolve([])
    let release = (): void => {}
    if (ranges.length > 0 && held !== undefined) {
      const current = held
      current.users += 1
      sealed = sealer.seal(current.window, ranges, keys)
      // The drain awaits it in order; until then a rejection has its handler here.
      sealed.catch(() => {})
      release = () => letGo(current)
    }
    ranges = []
    owners = []
    finished = []
    waitingBytes = 0
    try {
      await queue.push({ ranges: sealed, release, ...job })
    } catch (error) {
      await sealed.catch(() => {})
      release()
      throw error
    }
  }
  /** A window with room for so many bytes, and for the seals of whatever still fits into it. */
  const room = async (bytes: number): Promise<Window> => {
    if (held === undefined) return turn(new Uint8Array(0))
    const { window } = held
    const bytesLeft = window.bytes.length - fill
    const extraLeft = window.sealed.length - sealedAt - bytesLeft
    const hasRoom = bytesLeft >= bytes && extraLeft >= rangesMax * sealedExtraBytesMax
    return hasRoom ? window : turn(new Uint8Array(0))
  }
  /** To a new window, with what is left of the old one at its start; the old one stays ours until that is copied. */
  const turn = async (rest: Uint8Array): Promise<Window> => {
    const old = held
    if (old !== undefined) old.users += 1
    try {
      await send()
      held = undefined
      const window = await sealer.window(signal)
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
  const addRange = async (owner: Content, from: number, to: number): Promise<void> => {
    // A batch is sealed under one set of keys.
    if (owner.keys !== keys && ranges.length > 0) await send()
    keys = owner.keys
    ranges.push({ from, to, sealedAt })
    sealedAt += to - from + sealedExtraBytesMax
    owners.push(owner)
    waitingBytes += to - from
    onBytes?.(to - from)
    if (waitingBytes >= batchBytes || ranges.length >= rangesMax) await send()
  }

  return {
    async addWhole(owner, bytes) {
      const window = await room(bytes.length)
      window.bytes.set(bytes, fill)
      fill += bytes.length
      await addRange(owner, fill - bytes.length, fill)
    },
    async addStream(owner, reader) {
      let window = await room(1)
      let from = fill
      let seen = 0
      let chunks = 0
      for (let isEnd = false; !isEnd || from < fill; ) {
        if (fill === window.bytes.length) {
          window = await turn(window.bytes.subarray(from, fill))
          from = 0
        }
        if (!isEnd) {
          signal?.throwIfAborted()
          const read = await reader.read(window.bytes.subarray(fill, fill + batchBytes))
          isEnd = read === 0
          if (chunks === 0 && fill === from)
            owner.words = peek?.(owner.file, window.bytes.slice(fill, fill + Math.min(read, peekBytesMax)))
          fill += read
        }
        for (
          let cut = chunker.cut(window.bytes, from, fill, isEnd, seen);
          cut >= 0;
          cut = chunker.cut(window.bytes, from, fill, isEnd)
        ) {
          await addRange(owner, from, cut)
          chunks += 1
          from = cut
        }
        seen = fill - from
      }
      if (chunks === 0) await addRange(owner, fill, fill)
    },
    done(item) {
      finished.push(item)
    },
    flush: send,
    close() {
      if (held === undefined) return
      held.isFull = true
      held.users += 1
      letGo(held)
    },
  }
}

type Queue<T> = AsyncIterable<T> & {
  push(item: T): Promise<void>
  end(error?: unknown): void
  /** Gives what was never taken out. */
  stop(): readonly T[]
}

/** A bounded queue between one writer and one reader; when the reader leaves, the writer's next push throws. */
function createQueue<T>(max: number): Queue<T> {
  const items: T[] = []
  let ended: { error: unknown } | undefined
  let isStopped = false
  let wakeReader = (): void => {}
  let wakeWriter = (): void => {}
  return {
    async push(item) {
      while (items.length >= max && !isStopped) await new Promise<void>((resolve) => (wakeWriter = resolve))
      if (isStopped) throw new Fault('cancelled.stopped', 'The put was stopped.')
      items.push(item)
      wakeReader()
    },
    end(error) {
      ended = { error }
      wakeReader()
    },
    stop() {
      isStopped = true
      wakeWriter()
      return items.splice(0)
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const item = items.shift()
        if (item !== undefined) {
          wakeWriter()
          yield item
        } else if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error
          return
        } else await new Promise<void>((resolve) => (wakeReader = resolve))
      }
    },
  }
}
