import { concatBytes } from '@anarq/bytes'
import { asFault, type Fault } from '@anarq/fault'
import type { Flow, Guardian } from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import { type Block, type BodyRef, createListBuilder, type ListBuilder } from '@anarq/qnt'
import type { Chunker } from '@anarq/qompress'
import {
  type ContentReader,
  type PutFile,
  type PutItem,
  type SmallContent,
  type StreamContent,
  smallBytesMax,
} from './content.ts'
import { type Batch, createFiller, type Filler } from './filler.ts'
import { createQueue } from './queue.ts'
import type { SealedRange, SealKeys } from './seal-range.ts'
import type { Sealer } from './sealer.ts'

/** Where sealed blocks go: present at once, durable with the store's next flush. */
export type BlockSink = {
  /** The blocks' memory is the caller's again when it resolves. */
  putSealed(blocks: readonly Pick<SealedRange, 'block' | 'digest'>[]): Promise<unknown>
  put(blocks: readonly Block[], blockClass: 'meta'): Promise<void>
}

export type IntakeOptions = {
  items: AsyncIterable<readonly PutItem[]>
  sealer: Sealer
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

/** How many batches may wait for a worker: enough to keep two busy, few enough to keep memory small. */
const batchesWaitingMax = 8
/** How many may be on their way into the store: a wait for one is no wait for the next. */
const batchesWritingMax = 4
const peekBytesMax = 4096

/**
 * The first stages of the flow in, for many files at once: raw → compressed → sealed. Small files share windows and
 * batches; large ones are cut where their content says. Results come in the order of the items.
 */
export async function* intake(options: IntakeOptions): AsyncIterable<IntakeResult> {
  const { sealer, chunker, onBytes, signal } = options
  const queue = createQueue<Job>(batchesWaitingMax)
  const filler = createFiller<Content, Finished>({
    sealer,
    mayShare: (a, b) => a.keys === b.keys,
    seal: (window, ranges, { keys }) => sealer.seal(window, ranges, keys),
    send: queue.push,
    cut: chunker.cut,
    onBytes,
    signal,
  })
  const reading = readAll(options, filler).then(
    () => queue.end(),
    (error: unknown) => queue.end(error),
  )
  const writing: Writing[] = []
  try {
    for await (const job of queue) {
      writing.push(write(job, options))
      if (writing.length >= batchesWritingMax) yield* finish(writing.shift() as Writing, options)
    }
    while (writing.length > 0) yield* finish(writing.shift() as Writing, options)
  } finally {
    // Whatever is left goes back to the pool first: the reader may be waiting for just that memory.
    for (const { ranges, release } of queue.stop()) ranges.then(release, release)
    await Promise.allSettled(writing.map(({ written }) => written))
    await reading
  }
}

type Job = Batch<Content, Finished>
type Writing = { readonly job: Job; readonly written: Promise<readonly SealedRange[]> }
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

/** Its blocks into the store; the memory they lay in is free then. */
function write(job: Job, { sink }: IntakeOptions): Writing {
  const toStore = async (): Promise<readonly SealedRange[]> => {
    try {
      const ranges = await job.ranges
      if (ranges.length > 0) await sink.putSealed(ranges)
      return ranges
    } finally {
      job.release()
    }
  }
  const written = toStore()
  written.catch(() => {})
  return { job, written }
}

async function* finish(
  { job, written }: Writing,
  { sink, keys }: IntakeOptions,
): AsyncIterable<IntakeResult> {
  for (const [i, range] of (await written).entries()) {
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

async function readAll(options: IntakeOptions, filler: Fill): Promise<void> {
  try {
    for await (const batch of options.items) {
      for (const item of batch) {
        options.signal?.throwIfAborted()
        const waiting = takeItem(item, options, filler)
        if (waiting !== undefined) await waiting
      }
    }
    await filler.flush()
  } finally {
    filler.close()
  }
}

type Fill = Filler<Content, Finished>

function takeItem(item: PutItem, options: IntakeOptions, filler: Fill): Promise<void> | undefined {
  if (item.kind !== 'file') {
    filler.done(item)
    return undefined
  }
  options.sealer.prepare()
  const { content } = item
  return content.kind === 'small'
    ? readSmall(item, content, options, filler)
    : readLarge(item, content, options, filler)
}

/** A promise only where there is something to wait for: ten thousand small files are mostly no wait at all. */
function readSmall(
  file: PutFile,
  small: SmallContent,
  options: IntakeOptions,
  filler: Fill,
): Promise<void> | undefined {
  const content = beginContent(file, options)
  const read = (into: Uint8Array): Uint8Array => {
    const bytes = small.readAll(into)
    content.flow.report('raw', { bytes: bytes.length })
    content.words = options.peek?.(file, bytes.subarray(0, peekBytesMax))
    return bytes
  }
  const failed = (error: unknown): void => noteFault(content, error, options)
  try {
    // One byte more tells that the file did not grow.
    const waiting = filler.addWhole(content, (file.bytes ?? smallBytesMax) + 1, read)
    if (waiting !== undefined) return waiting.catch(failed).then(() => filler.done(content))
  } catch (error) {
    failed(error)
  }
  filler.done(content)
  return undefined
}

async function readLarge(
  file: PutFile,
  stream: StreamContent,
  options: IntakeOptions,
  filler: Fill,
): Promise<void> {
  const content = beginContent(file, options)
  try {
    content.flow.report('raw', file.bytes === undefined ? {} : { bytes: file.bytes })
    await readStream(stream, content, filler, (head) => {
      content.words = options.peek?.(file, head.slice(0, peekBytesMax))
    })
  } catch (error) {
    noteFault(content, error, options)
  }
  filler.done(content)
}

/** Trouble with this file leaves it out; any other goes on. */
function noteFault(content: Content, error: unknown, { signal }: IntakeOptions): void {
  if (signal?.aborted === true) throw error
  content.fault = asFault(error)
  if (isForAll(content.fault)) throw content.fault
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

async function readStream(
  source: StreamContent,
  content: Content,
  filler: Fill,
  peek: (head: Uint8Array) => void,
): Promise<void> {
  const reader: ContentReader = await source.open()
  let isWhole = false
  try {
    await filler.addStream(content, reader, peek)
    isWhole = true
  } finally {
    const closing = reader.close()
    // While another error is on its way, what closing says is of no use.
    if (isWhole) await closing
    else await closing.catch(() => {})
  }
}
