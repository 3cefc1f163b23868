import { Fault, hasCode } from '@anarq/fault'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import type { Flow } from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import { type Blocks, type BodyRef, type ChunkRef, readChunks } from '@anarq/qnt'
import { openChecked, type Unopened } from './open-block.ts'
import type { OpenedFile } from './open-file.ts'
import type { Sealer } from './sealer.ts'

export type BlockSource = Pick<Blocks, 'get'> & {
  /** The stored bytes, unchecked, into memory of their size; false where they could not be read whole. */
  readInto(digest: Uint8Array, into: Uint8Array): Promise<boolean>
  /** The same of many small ones: views of `into`, undefined for each that could not be read like that or found no room. */
  readMany(digests: readonly Uint8Array[], into: Uint8Array): Promise<readonly (Uint8Array | undefined)[]>
}

export type DeliverOptions = {
  blocks: Pick<BlockSource, 'get' | 'readInto'>
  sealer: Pick<Sealer, 'room'>
  body: BodyRef
  /** The access flow's last stage handed this flow over; it goes on here. */
  flow: Flow
  /** What is read, for messages. */
  name: string
  lockKey?: Uint8Array | undefined
  /** Bytes `[fromByte, toByte)` of the content. */
  fromByte?: number
  toByte?: number
  signal?: AbortSignal | undefined
}

/** Chunks on their way while one is being delivered. */
const aheadMax = 8
/** Smaller blocks are opened here sooner than another thread could be asked. */
const elsewhereBytesMin = 128 * 1024

/**
 * The flow out after its decision: located → fetched → checked → unsealed → expanded → delivered, chunk by chunk.
 * A chunk that does not verify ends the stream with `damaged.chunk` before any of its bytes are given out.
 */
export async function* deliver(options: DeliverOptions): AsyncIterable<Uint8Array> {
  const { body, flow, fromByte = 0, toByte = body.plainBytes } = options
  let verdict: 'ok' | 'failed' = 'failed'
  let delivered = 0
  try {
    flow.report('located', { hash: body.cid.multihash.digest })
    let isFirst = true
    for await (const { ref, atByte, plain } of openAhead(options, fromByte, toByte)) {
      const bytes = await plain
      if (isFirst) reportOnce(flow, ref)
      isFirst = false
      const from = Math.max(0, fromByte - atByte)
      const to = Math.min(bytes.length, toByte - atByte)
      delivered += Math.max(0, to - from)
      if (to > from) yield from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
    }
    if (isFirst) reportOnce(flow)
    flow.report('delivered', { bytes: delivered })
    verdict = 'ok'
  } finally {
    flow.end(verdict)
  }
}

/** The same of a small file that was opened whole before its turn came. */
export async function* deliverOpened(
  flow: Flow,
  root: Uint8Array,
  { bytes, keyHash }: OpenedFile,
): AsyncIterable<Uint8Array> {
  let verdict: 'ok' | 'failed' = 'failed'
  try {
    flow.report('located', { hash: root })
    reportOpened(flow, root, keyHash)
    yield bytes
    flow.report('delivered', { bytes: bytes.length })
    verdict = 'ok'
  } finally {
    flow.end(verdict)
  }
}

type Opening = {
  readonly ref: ChunkRef
  readonly atByte: number
  readonly plain: Promise<Uint8Array>
}

/** The chunks of the range in order, some of them on their way at the same time. */
async function* openAhead(options: DeliverOptions, fromByte: number, toByte: number): AsyncIterable<Opening> {
  const { blocks, body, signal } = options
  const range = { fromByte, toByte, ...(signal === undefined ? {} : { signal }) }
  const ahead: Opening[] = []
  try {
    for await (const { ref, atByte } of readChunks(blocks, body, range)) {
      signal?.throwIfAborted()
      const plain = openOne(ref, options)
      plain.catch(() => {})
      ahead.push({ ref, atByte, plain })
      if (ahead.length >= aheadMax) yield ahead.shift() as Opening
    }
    while (ahead.length > 0) yield ahead.shift() as Opening
  } finally {
    await Promise.allSettled(ahead.map(({ plain }) => plain))
  }
}

async function openOne(ref: ChunkRef, options: DeliverOptions): Promise<Uint8Array> {
  const { blocks, lockKey, name } = options
  const elsewhere = await openElsewhere(ref, options)
  // Where a block could not be read, or is not the one that was named, the store says why, and mends what it can.
  if (elsewhere !== undefined && elsewhere !== 'name') return opened(elsewhere, name)
  const block = await blocks.get(cidOfDigest(rawCodec, ref.digest)).catch((error: unknown) => {
    throw partOf(name, error)
  })
  if (block === undefined)
    throw new Fault(
      'damaged.missing',
      `A part of ${name} is not in the store. Get it back from a backup or another device.`,
    )
  return opened(openChecked(block, { ...ref, lockKey }), name)
}

async function openElsewhere(
  ref: ChunkRef,
  { blocks, sealer, lockKey }: DeliverOptions,
): Promise<Uint8Array | Unopened | undefined> {
  const { digest, key, plainBytes, storedBytes } = ref
  const room = storedBytes < elsewhereBytesMin ? undefined : sealer.room(storedBytes)
  if (room === undefined) return undefined
  const isRead = await blocks.readInto(digest, room.bytes).catch(() => false)
  if (isRead) return room.open({ digest, key, lockKey, plainBytes })
  room.release()
  return undefined
}

function opened(result: Uint8Array | Unopened, name: string): Uint8Array {
  switch (result) {
    case 'lock':
      throw new Fault('refused.lock', `The second passphrase does not open ${name}. Try again.`)
    case 'frame':
      throw new Fault('damaged.chunk', `A part of ${name} does not hold what its list says.`)
    case 'key':
    case 'name':
      throw new Fault('damaged.chunk', `A part of ${name} is damaged: it does not open under its key.`)
    default:
      return result
  }
}

/** The store knows which block it was; people know the file. */
function partOf(name: string, error: unknown): unknown {
  if (!hasCode(error, 'damaged')) return error
  return new Fault(error.code, `A part of ${name} is damaged. ${error.message}`, {
    cause: error,
    data: error.data,
  })
}

/** The stages of the first chunk stand for all: each chunk goes through the same functions in the same order. */
function reportOnce(flow: Flow, ref?: ChunkRef): void {
  reportOpened(flow, ref?.digest, ref && hashBlake3(ref.key))
}

function reportOpened(flow: Flow, hash: Uint8Array | undefined, keyHash: Uint8Array | undefined): void {
  flow.report('fetched', { hash })
  flow.report('checked', { hash })
  flow.report('unsealed', { hash: keyHash })
  flow.report('expanded')
}
