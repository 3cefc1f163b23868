import { Fault, hasCode } from '@anarq/fault'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import type { Flow } from '@anarq/qerberos'
import { hashBlake3, openChunk } from '@anarq/qlock'
import { type Blocks, type BodyRef, type ChunkRef, readChunks } from '@anarq/qnt'
import { openFrame, openLock } from '@anarq/qompress'

export type DeliverOptions = {
  blocks: Blocks
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

/** Blocks read ahead while one is being opened. */
const aheadMax = 6

/**
 * The flow out after its decision: located → fetched → checked → unsealed → expanded → delivered, chunk by chunk.
 * A chunk that does not verify ends the stream with `damaged.chunk` before any of its bytes are given out.
 */
export async function* deliver({
  blocks,
  body,
  flow,
  name,
  lockKey,
  fromByte = 0,
  toByte = body.plainBytes,
  signal,
}: DeliverOptions): AsyncIterable<Uint8Array> {
  let verdict: 'ok' | 'failed' = 'failed'
  let delivered = 0
  try {
    flow.report('located', { hash: body.cid.multihash.digest })
    const fetched = fetchAhead(
      blocks,
      readChunks(blocks, body, { fromByte, toByte, ...(signal === undefined ? {} : { signal }) }),
      signal,
    )
    let isFirst = true
    for await (const { ref, atByte, block } of fetched) {
      if (isFirst) reportOnce(flow, ref)
      isFirst = false
      const fetchedBlock = await block.catch((error: unknown) => {
        throw partOf(name, error)
      })
      const plain = openOne(ref, fetchedBlock, { lockKey, name })
      const from = Math.max(0, fromByte - atByte)
      const to = Math.min(plain.length, toByte - atByte)
      delivered += Math.max(0, to - from)
      if (to > from) yield from === 0 && to === plain.length ? plain : plain.subarray(from, to)
    }
    if (isFirst) reportOnce(flow)
    flow.report('delivered', { bytes: delivered })
    verdict = 'ok'
  } finally {
    flow.end(verdict)
  }
}

type Located = { ref: ChunkRef; atByte: number }
type Fetched = Located & { block: Promise<Uint8Array | undefined> }

async function* fetchAhead(
  blocks: Blocks,
  refs: AsyncIterable<Located>,
  signal?: AbortSignal,
): AsyncIterable<Fetched> {
  const ahead: Fetched[] = []
  try {
    for await (const located of refs) {
      signal?.throwIfAborted()
      const block = blocks.get(cidOfDigest(rawCodec, located.ref.digest))
      block.catch(() => {})
      ahead.push({ ...located, block })
      if (ahead.length >= aheadMax) yield ahead.shift() as Fetched
    }
    while (ahead.length > 0) yield ahead.shift() as Fetched
  } finally {
    await Promise.allSettled(ahead.map(({ block }) => block))
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
  const hash = ref === undefined ? {} : { hash: ref.digest }
  flow.report('fetched', hash)
  flow.report('checked', hash)
  flow.report('unsealed', ref === undefined ? {} : { hash: hashBlake3(ref.key) })
  flow.report('expanded', {})
}

function openOne(
  ref: ChunkRef,
  block: Uint8Array | undefined,
  { lockKey, name }: { lockKey: Uint8Array | undefined; name: string },
): Uint8Array {
  if (block === undefined)
    throw new Fault(
      'damaged.missing',
      `A part of ${name} is not in the store. Get it back from a backup or another device.`,
    )
  const sealed = openChunk(ref.key, block)
  if (sealed === undefined)
    throw new Fault('damaged.chunk', `A part of ${name} is damaged: it does not open under its key.`)
  let frame: Uint8Array | undefined = sealed
  if (lockKey !== undefined) {
    frame = openLock(lockKey, sealed)
    if (frame === undefined)
      throw new Fault('refused.lock', `The second passphrase does not open ${name}. Try again.`)
  }
  const plain = openFrame(frame)
  if (plain.length !== ref.plainBytes)
    throw new Fault('damaged.chunk', `A part of ${name} has another length than its list says.`)
  return plain
}
