import { Fault } from '@anarq/fault'
import type { Random } from '@anarq/random'
import { primitives } from '#primitives'
import {
  chunkPlainBytes,
  chunkSealedBytes,
  deriveMessage,
  deriveSealedMessage,
  headerBytes,
  saltBytes,
} from './cobblestone.ts'
import { tagBytes } from './primitives/lengths.ts'
import { contextBytes } from './secrets.ts'

/** Sealed bytes that can be read anywhere. `read` gives exactly `length` bytes, or throws. */
export type SealedSource = {
  readonly bytes: number
  read(offset: number, length: number): Promise<Uint8Array>
}

/** A sealed stream, read anywhere. */
export type StreamReader = {
  /** Of the plain text; authenticated. */
  readonly bytes: number
  /** The bytes from `from` (included) to `to` (not included), cut at the end of the stream. */
  read(from: number, to: number): Promise<Uint8Array>
  dispose(): void
}

type SealOptions = { readonly context: Uint8Array | string; readonly random: Random }
type OpenOptions = { readonly context: Uint8Array | string }

/** The same bytes as `sealBox` makes, for any size: 16 KiB are held at a time. */
export async function* sealStream(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  { context, random }: SealOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const message = deriveMessage(key, random.bytes(saltBytes), contextBytes(context))
  try {
    yield message.header
    let index = 0
    let last: Uint8Array = new Uint8Array(0)
    for await (const piece of inPieces(source, chunkPlainBytes)) {
      if (piece.length < chunkPlainBytes) {
        last = piece
        break
      }
      yield message.seal(index, piece)
      index += 1
    }
    yield message.seal(index, last)
  } finally {
    message.dispose()
  }
}

/** The plain text, chunk by verified chunk; `damaged.stream` before any byte that does not verify, and where the end is missing. */
export async function* openStream(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  { context }: OpenOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [header, chunks] = await takeHeader(source)
  const message = deriveSealedMessage(key, header, contextBytes(context))
  if (message === undefined) throw wrongKey()
  try {
    let index = 0
    for await (const piece of inPieces(chunks, chunkSealedBytes)) {
      const plain = message.open(index, piece)
      if (plain === undefined) throw damaged(index)
      if (plain.length > 0) yield plain
      index += 1
      if (piece.length < chunkSealedBytes) return
    }
    throw damaged(index)
  } finally {
    message.dispose()
  }
}

/** Opens a sealed stream for reading anywhere; its length is verified first. `damaged.stream` as in `openStream`. */
export async function openStreamAt(
  key: Uint8Array,
  source: SealedSource,
  { context }: OpenOptions,
): Promise<StreamReader> {
  if (source.bytes < headerBytes + tagBytes) throw damaged(0)
  const message = deriveSealedMessage(key, await source.read(0, headerBytes), contextBytes(context))
  if (message === undefined) throw wrongKey()
  const sealedBytes = source.bytes - headerBytes
  const last = Math.floor(sealedBytes / chunkSealedBytes)
  const open = async (index: number): Promise<Uint8Array> => {
    const at = index * chunkSealedBytes
    const sealed = await source.read(headerBytes + at, Math.min(chunkSealedBytes, sealedBytes - at))
    const plain = message.open(index, sealed)
    if (plain === undefined) throw damaged(index)
    return plain
  }
  const bytes = last * chunkPlainBytes + (await open(last)).length
  return {
    bytes,
    async read(from, to) {
      const end = Math.min(to, bytes)
      if (from < 0 || from >= end) return new Uint8Array(0)
      const out = primitives.allocate(end - from)
      for (let index = Math.floor(from / chunkPlainBytes); index * chunkPlainBytes < end; index += 1) {
        const start = index * chunkPlainBytes
        const chunk = (await open(index)).subarray(Math.max(0, from - start), end - start)
        out.set(chunk, Math.max(0, start - from))
      }
      return out
    },
    dispose: message.dispose,
  }
}

/** The source cut into pieces of `size` bytes; the last one is shorter, and is left out when it is empty. */
async function* inPieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const held = new Uint8Array(size)
  let length = 0
  for await (const bytes of source) {
    let at = 0
    if (length > 0) {
      at = Math.min(size - length, bytes.length)
      held.set(bytes.subarray(0, at), length)
      length += at
      if (length < size) continue
      yield held
      length = 0
    }
    for (; at + size <= bytes.length; at += size) yield bytes.subarray(at, at + size)
    held.set(bytes.subarray(at))
    length = bytes.length - at
  }
  if (length > 0) yield held.subarray(0, length)
}

async function takeHeader(
  source: AsyncIterable<Uint8Array>,
): Promise<[header: Uint8Array, rest: AsyncIterable<Uint8Array>]> {
  const iterator = source[Symbol.asyncIterator]()
  const header = new Uint8Array(headerBytes)
  let length = 0
  let surplus: Uint8Array = new Uint8Array(0)
  while (length < headerBytes) {
    const { done, value } = await iterator.next()
    if (done === true) throw damaged(0)
    const taken = Math.min(headerBytes - length, value.length)
    header.set(value.subarray(0, taken), length)
    length += taken
    surplus = value.subarray(taken)
  }
  return [header, restOf(surplus, iterator)]
}

async function* restOf(
  surplus: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield surplus
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value
  } finally {
    await iterator.return?.()
  }
}

function wrongKey(): Fault {
  return new Fault(
    'damaged.stream',
    'This stream does not open with this key and context, or its beginning was changed.',
  )
}

function damaged(index: number): Fault {
  return new Fault('damaged.stream', `The sealed stream was changed or cut short at its chunk ${index}.`, {
    data: { chunk: index },
  })
}
