/**
 * What is put into another node's folder, as one stream of frames: a letter, a length in four bytes, and so many bytes. An item (`i`,
 * CBOR) of a file is followed by its content (`d`) and its end (`e`), or by why it could not be read (`x`).
 */
import { concatBytes } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { type ContentReader, type PutFile, type PutItem, type PutSkipped, smallBytesMax } from '@anarq/flows'
import { decodeCbor, encodeCbor, readFields, readInt, readText } from '@anarq/ipld'
import { checkName } from '@anarq/qindex'
import { faultOf, refusalFields } from './messages.ts'

const kinds = { item: 105, data: 100, end: 101, broken: 120 } as const
const headBytes = 5
const itemBytesMax = 64 * 1024
const dataBytesMax = 64 * 1024
const pathLettersMax = 16 * 1024
/** A batch is handed on once it has so much. */
const batchItemsMax = 128
const batchBytesMax = 1024 * 1024

const none = new Uint8Array(0)

export async function* encodeItems(
  items: AsyncIterable<readonly PutItem[]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const batch of items) for (const item of batch) yield* encodeItem(item)
}

async function* encodeItem(item: PutItem): AsyncGenerator<Uint8Array, void, undefined> {
  if (item.kind !== 'file') {
    const { kind, path } = item
    const more = kind === 'folder' ? { modified: item.modifiedMs } : { fault: refusalFields(item.fault) }
    yield frame(kinds.item, encodeCbor({ kind, path, ...more }))
    return
  }
  const { kind, path, modifiedMs: modified, mode, type, bytes } = item
  const facts = { kind, path, modified, mode, type, bytes }
  yield frame(
    kinds.item,
    encodeCbor(Object.fromEntries(Object.entries(facts).filter(([, one]) => one !== undefined))),
  )
  try {
    for await (const data of contentOf(item)) yield frame(kinds.data, data)
    yield frame(kinds.end, none)
  } catch (error) {
    yield frame(kinds.broken, encodeCbor(refusalFields(error)))
  }
}

async function* contentOf({ content }: PutFile): AsyncGenerator<Uint8Array, void, undefined> {
  if (content.kind === 'small') {
    const bytes = content.readAll()
    for (let at = 0; at < bytes.length; at += dataBytesMax) yield bytes.subarray(at, at + dataBytesMax)
    return
  }
  const reader = await content.open()
  let fault: unknown
  try {
    const into = new Uint8Array(dataBytesMax)
    for (let read = await reader.read(into); read > 0; read = await reader.read(into))
      yield into.subarray(0, read)
  } catch (error) {
    fault = error
  } finally {
    await reader.close().catch((error: unknown) => {
      fault ??= error
    })
  }
  if (fault !== undefined) throw fault
}

/** Its own memory: what it is made of may be used again. */
function frame(kind: number, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(headBytes)
  head[0] = kind
  new DataView(head.buffer).setUint32(1, payload.length)
  return concatBytes(head, payload)
}

type Frame = { readonly kind: number; readonly payload: Uint8Array }

/**
 * The items of a stream that somebody else writes: `invalid.items` for anything but what `encodeItems` makes. A file that is no small
 * one is the last of its batch, and is read before the next batch is asked for.
 */
export async function* decodeItems(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly PutItem[], void, undefined> {
  const frames = createFrames(pieces)
  let batch: PutItem[] = []
  let bytes = 0
  for (let next = await frames.next(); next !== undefined; next = await frames.next()) {
    if (next.kind !== kinds.item) throw malformed()
    const item = readItem(next.payload)
    if (item.kind !== 'file') {
      batch.push(item)
    } else if (item.bytes !== undefined && item.bytes <= smallBytesMax) {
      const small = await smallFile(item, frames)
      batch.push(small)
      bytes += item.bytes
    } else {
      const { stream, drain } = streamOf(frames)
      yield [...batch, { ...item, content: stream }]
      batch = []
      bytes = 0
      await drain()
    }
    if (batch.length < batchItemsMax && bytes < batchBytesMax) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

type FileFacts = Omit<PutFile, 'content'>

function readItem(payload: Uint8Array): PutSkipped | Exclude<PutItem, PutFile> | FileFacts {
  try {
    const known = ['kind', 'path', 'modified', 'mode', 'type', 'bytes', 'fault'] as const
    const fields = readFields(decodeCbor(payload, 'An item'), known, 'An item')
    const kind = readText(fields.kind, 'Its kind', { max: 7 })
    const names = readText(fields.path, 'Its path', { max: pathLettersMax }).split('/').map(checkName)
    const path = names.join('/')
    if (kind === 'skipped') return { kind, path, fault: faultOf(fields.fault) }
    const modifiedMs = readInt(fields.modified, 'Its time')
    if (kind === 'folder') return { kind, path, modifiedMs }
    if (kind !== 'file') throw malformed()
    return {
      kind,
      path,
      modifiedMs,
      bytes: fields.bytes === undefined ? undefined : readInt(fields.bytes, 'Its size'),
      ...(fields.mode === undefined ? {} : { mode: readInt(fields.mode, 'Its mode', { max: 0o777 }) }),
      ...(fields.type === undefined ? {} : { type: readText(fields.type, 'Its type', { max: 256 }) }),
    }
  } catch {
    throw malformed()
  }
}

/** A small file is held whole; one that its writer could not read is said to be left out. */
async function smallFile(facts: FileFacts, frames: Frames): Promise<PutItem> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for (;;) {
    const { kind, payload } = await frames.must()
    if (kind === kinds.broken) return { kind: 'skipped', path: facts.path, fault: brokenBy(payload) }
    if (kind === kinds.end) break
    bytes += payload.length
    if (kind !== kinds.data || bytes > smallBytesMax) throw malformed()
    parts.push(payload)
  }
  const content = concatBytes(...parts)
  return { ...facts, bytes, content: { kind: 'small', readAll: () => content } }
}

/** The content as it comes. `drain` passes over what nobody read of it. */
function streamOf(frames: Frames): {
  readonly stream: Extract<PutFile['content'], { kind: 'stream' }>
  drain(): Promise<void>
} {
  let rest: Uint8Array = none
  let isOver = false
  const more = async (): Promise<boolean> => {
    while (rest.length === 0 && !isOver) {
      const { kind, payload } = await frames.must()
      if (kind === kinds.data) rest = payload
      else {
        isOver = true
        if (kind === kinds.broken) throw brokenBy(payload)
        if (kind !== kinds.end) throw malformed()
      }
    }
    return !isOver
  }
  const reader: ContentReader = {
    async read(into) {
      if (!(await more())) return 0
      const bytes = Math.min(into.length, rest.length)
      into.set(rest.subarray(0, bytes))
      rest = rest.subarray(bytes)
      return bytes
    },
    close: async () => {},
  }
  return {
    stream: { kind: 'stream', open: async () => reader },
    async drain() {
      while (!isOver) {
        rest = none
        await more().catch((error: unknown) => {
          if (!isOver) throw error
        })
      }
    },
  }
}

type Frames = {
  /** Undefined at the end, which is between two items. */
  next(): Promise<Frame | undefined>
  must(): Promise<Frame>
}

function createFrames(pieces: AsyncIterable<Uint8Array>): Frames {
  const iterator = pieces[Symbol.asyncIterator]()
  let held: Uint8Array = none
  /** False where the stream ends before there are so many bytes. */
  const gather = async (bytes: number): Promise<boolean> => {
    const parts = [held]
    let length = held.length
    while (length < bytes) {
      const next = await iterator.next()
      if (next.done === true) break
      parts.push(next.value)
      length += next.value.length
    }
    if (parts.length > 1) held = concatBytes(...parts)
    return length >= bytes
  }
  const next = async (): Promise<Frame | undefined> => {
    if (!(await gather(headBytes))) {
      if (held.length === 0) return undefined
      throw malformed()
    }
    const kind = held[0] as number
    const length = new DataView(held.buffer, held.byteOffset).getUint32(1)
    if (length > (kind === kinds.item ? itemBytesMax : dataBytesMax)) throw malformed()
    if (!(await gather(headBytes + length))) throw malformed()
    const payload = held.subarray(headBytes, headBytes + length)
    held = held.subarray(headBytes + length)
    return { kind, payload }
  }
  return {
    next,
    async must() {
      const frame = await next()
      if (frame === undefined) throw malformed()
      return frame
    },
  }
}

function brokenBy(payload: Uint8Array): Fault {
  try {
    return faultOf(decodeCbor(payload, 'Why'))
  } catch (error) {
    return asFault(error)
  }
}

function malformed(): Fault {
  return new Fault(
    'invalid.items',
    'What the other node sent cannot be understood. Ask whoever uses it to update it.',
  )
}
