import { Fault } from '@anarq/fault'
import {
  type Cid,
  cidOfDigest,
  decodeCbor,
  encodeCbor,
  rawCodec,
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
} from '@anarq/ipld'
import { blockBytesMax } from './blocks.ts'

/** One sealed chunk: the BLAKE3 digest (32 bytes) that names its block, and the key (32 bytes) that opens it. */
export type ChunkRef = {
  readonly digest: Uint8Array
  readonly key: Uint8Array
  readonly plainBytes: number
  readonly storedBytes: number
}

/**
 * All of an object's content. `depth` 0: the root is the one chunk itself; `depth` n: a list over n levels.
 * `storedBytes` counts every block below the root and the root; `chunks` is 0 only for empty content.
 */
export type BodyRef = {
  readonly cid: Cid
  readonly key: Uint8Array
  readonly depth: number
  readonly plainBytes: number
  readonly storedBytes: number
  readonly chunks: number
}

/** An entry of a list: a chunk (`chunks` is 1), or a list one level deeper. */
export type ListEntry = ChunkRef & { readonly chunks: number }

export type List = {
  readonly depth: number
  readonly plainBytes: number
  /** The sum of the entries, without the block of this list. */
  readonly storedBytes: number
  readonly chunks: number
  readonly entries: readonly ListEntry[]
}

export const listEntriesMax = 4096
export const listDepthMax = 4

const listVersion = 1
const wordBytes = 32
const listKeys = [
  'list',
  'depth',
  'plain',
  'stored',
  'chunks',
  'digests',
  'keys',
  'lengths',
  'sizes',
  'counts',
]
const bodyKeys = ['root', 'key', 'depth', 'plain', 'stored', 'chunks']

/** The canonical bytes of a list: columns, so that thousands of entries are a few long values. */
export function encodeList(depth: number, entries: readonly ListEntry[]): Uint8Array {
  const digests = new Uint8Array(entries.length * wordBytes)
  const keys = new Uint8Array(entries.length * wordBytes)
  entries.forEach((entry, at) => {
    digests.set(entry.digest, at * wordBytes)
    keys.set(entry.key, at * wordBytes)
  })
  const fields = {
    list: listVersion,
    depth,
    plain: sumOf(entries, 'plainBytes'),
    stored: sumOf(entries, 'storedBytes'),
    chunks: sumOf(entries, 'chunks'),
    digests,
    keys,
    lengths: entries.map((entry) => entry.plainBytes),
    sizes: entries.map((entry) => entry.storedBytes),
  }
  return encodeCbor(depth === 1 ? fields : { ...fields, counts: entries.map((entry) => entry.chunks) })
}

/** Strict: the sums must be those of the entries. Refusals are `invalid.cbor`, `invalid.shape` or `invalid.list`. */
export function parseList(bytes: Uint8Array): List {
  const fields = readFields(decodeCbor(bytes, 'A chunk list'), listKeys, 'A chunk list')
  readInt(fields.list, "A chunk list's version", { min: listVersion, max: listVersion })
  const depth = readInt(fields.depth, "A chunk list's depth", { min: 1, max: listDepthMax })
  const lengths = readArray(fields.lengths, "A chunk list's lengths", { max: listEntriesMax })
  const count = lengths.length
  const sizes = readColumn(fields.sizes, "A chunk list's sizes", count)
  const counts = depth === 1 ? undefined : readColumn(fields.counts, "A chunk list's counts", count)
  if (count === 0 || (depth === 1 && fields.counts !== undefined)) throw contradiction('its columns')
  const digests = readBytes(fields.digests, "A chunk list's digests", { length: count * wordBytes })
  const keys = readBytes(fields.keys, "A chunk list's keys", { length: count * wordBytes })
  const storedMax = depth === 1 ? blockBytesMax : Number.MAX_SAFE_INTEGER
  const entries = lengths.map((length, at) => ({
    digest: digests.subarray(at * wordBytes, (at + 1) * wordBytes),
    key: keys.subarray(at * wordBytes, (at + 1) * wordBytes),
    plainBytes: readInt(length, "A chunk's length", { min: 1 }),
    storedBytes: readInt(sizes[at], "A chunk's size", { min: 1, max: storedMax }),
    chunks: counts === undefined ? 1 : readInt(counts[at], "A list's count", { min: 1 }),
  }))
  const list = {
    depth,
    plainBytes: readInt(fields.plain, "A chunk list's plain size"),
    storedBytes: readInt(fields.stored, "A chunk list's stored size"),
    chunks: readInt(fields.chunks, "A chunk list's chunk count"),
    entries,
  }
  const agrees =
    list.plainBytes === sumOf(entries, 'plainBytes') &&
    list.storedBytes === sumOf(entries, 'storedBytes') &&
    list.chunks === sumOf(entries, 'chunks')
  if (!agrees) throw contradiction('its sums')
  return list
}

export function bodyFields(body: BodyRef): Record<string, unknown> {
  return {
    root: body.cid,
    key: body.key,
    depth: body.depth,
    plain: body.plainBytes,
    stored: body.storedBytes,
    chunks: body.chunks,
  }
}

export function readBody(value: unknown): BodyRef {
  const fields = readFields(value, bodyKeys, "An object's body")
  const body = {
    cid: readBlockCid(fields.root, "A body's root"),
    key: readBytes(fields.key, "A body's key", { length: wordBytes }),
    depth: readInt(fields.depth, "A body's depth", { max: listDepthMax }),
    plainBytes: readInt(fields.plain, "A body's plain size"),
    storedBytes: readInt(fields.stored, "A body's stored size", { min: 1 }),
    chunks: readInt(fields.chunks, "A body's chunk count"),
  }
  const agrees =
    body.depth === 0
      ? body.chunks <= 1 && (body.chunks === 1 || body.plainBytes === 0) && body.storedBytes <= blockBytesMax
      : body.chunks >= 2 && body.plainBytes >= body.chunks
  if (!agrees) throw contradiction('its counts')
  return body
}

/** A sealed block is a raw block. */
export function readBlockCid(value: unknown, what: string): Cid {
  const cid = readCid(value, what)
  if (cid.code !== rawCodec) {
    throw new Fault('invalid.shape', `${what} is malformed: expected a CID of a raw block.`)
  }
  return cid
}

export function cidOfEntry(entry: { readonly digest: Uint8Array }): Cid {
  return cidOfDigest(rawCodec, entry.digest)
}

/** Throws `limit.list` past 2^53 - 1. */
export function sumOf(entries: readonly ListEntry[], field: 'plainBytes' | 'storedBytes' | 'chunks'): number {
  let sum = 0
  for (const entry of entries) sum += entry[field]
  if (sum > Number.MAX_SAFE_INTEGER) {
    throw new Fault('limit.list', 'A chunk list counts more than 2^53 bytes. Split the content.')
  }
  return sum
}

function readColumn(value: unknown, what: string, count: number): readonly unknown[] {
  const column = readArray(value, what, { max: listEntriesMax })
  if (column.length !== count) throw contradiction('its columns')
  return column
}

function contradiction(what: string): Fault {
  return new Fault('invalid.list', `A chunk list or body contradicts itself in ${what}.`)
}
