import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { checkPacked, copyPieces, type Packed, type Pieces } from './packed.ts'

/**
 * A node of the trie as its parent knows it: the name of its sealed block, the key that opens it, and what lies
 * below: how many records, and how many bytes they take encoded.
 */
export type NodeRef = {
  readonly digest: Uint8Array
  readonly key: Uint8Array
  readonly count: number
  readonly bytes: number
}

type Leaf = { readonly kind: 'leaf'; readonly records: Packed }
/** One child for each value of the next four bits of an id. */
export type Inner = { readonly kind: 'inner'; readonly children: readonly (NodeRef | undefined)[] }
export type TrieNode = Leaf | Inner

export const leafRecordsMax = 48
/** Keeps what one write costs small where records are large; a single record may be larger. */
export const leafBytesMax: number = 256 * 1024
export const radix = 16
const digestBytes = 32
const leafMark = 0
const innerMark = 1
const headerAt = 2
const lengthBytes = 4
const what = 'A node of the index'

/** The whole shape of the trie follows from this, so it depends on the records alone. */
export function isLeafSized(count: number, bytes: number): boolean {
  return count <= leafRecordsMax && (bytes <= leafBytesMax || count === 1)
}

export function nibbleAt(id: Uint8Array, depth: number): number {
  const byte = id[depth >> 1] as number
  return depth % 2 === 0 ? byte >> 4 : byte & 15
}

/**
 * Node = length of the header (2 bytes, big-endian), header, body. A leaf's header is [0, the length of
 * each record in 4 bytes, big-endian] and its body the records; an inner node's header is [1, bitmap, digest + key, count, bytes, … for each bit from
 * the lowest], and it has no body.
 */
export function encodeLeaf({ pieces, ends }: Pieces): Uint8Array {
  const header = encodeCbor(leafHeader(ends))
  const bytes = withHeader(header, ends[ends.length - 1] ?? 0)
  copyPieces(pieces, bytes, headerAt + header.length)
  return bytes
}

/** See `encodeLeaf`. */
export function encodeInner(node: Inner): Uint8Array {
  return withHeader(encodeCbor(innerHeader(node)), 0)
}

/** Strict; `damaged.index` also where the node does not hold what its parent says. */
export function decodeNode(bytes: Uint8Array, ref: NodeRef): TrieNode {
  try {
    const bodyAt = headerAt + (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0))
    const header = readArray(decodeCbor(bytes.subarray(headerAt, bodyAt), what), what)
    const body = bytes.subarray(bodyAt)
    const node = header[0] === leafMark ? readLeaf(header, body) : readInner(header, body)
    const { count, bytes: size } = sumsOf(node)
    const isShaped = (node.kind === 'leaf') === isLeafSized(count, size)
    if (isShaped && count === ref.count && size === ref.bytes) return node
  } catch (cause) {
    throw new Fault('damaged.index', 'A part of the index is malformed and was not used.', { cause })
  }
  throw new Fault('damaged.index', 'A part of the index holds other records than it should; it was not used.')
}

export function sumsOf(node: TrieNode): { count: number; bytes: number } {
  if (node.kind === 'leaf') return { count: node.records.ends.length, bytes: node.records.body.length }
  let bytes = 0
  let count = 0
  for (const child of node.children) {
    count += child?.count ?? 0
    bytes += child?.bytes ?? 0
  }
  return { count, bytes }
}

/** digest and key in one, count, bytes: as it stands in a parent and in a commit. */
export function encodeRef(ref: NodeRef): [Uint8Array, number, number] {
  const both = new Uint8Array(2 * digestBytes)
  both.set(ref.digest)
  both.set(ref.key, digestBytes)
  return [both, ref.count, ref.bytes]
}

export function readRef(both: unknown, count: unknown, bytes: unknown): NodeRef {
  const what = 'A reference to a part of the index'
  const pair = readBytes(both, what, { length: 2 * digestBytes })
  return {
    digest: pair.slice(0, digestBytes),
    key: pair.slice(digestBytes),
    count: readInt(count, what, { min: 1 }),
    bytes: readInt(bytes, what, { min: 1 }),
  }
}

function withHeader(header: Uint8Array, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(headerAt + header.length + bodyBytes)
  bytes[0] = header.length >> 8
  bytes[1] = header.length & 255
  bytes.set(header, headerAt)
  return bytes
}

function leafHeader(ends: readonly number[]): [number, Uint8Array] {
  const lengths = new Uint8Array(lengthBytes * ends.length)
  const view = new DataView(lengths.buffer)
  let start = 0
  for (const [i, end] of ends.entries()) {
    view.setUint32(lengthBytes * i, end - start)
    start = end
  }
  return [leafMark, lengths]
}

function innerHeader({ children }: Inner): unknown[] {
  const header: unknown[] = [innerMark, 0]
  let bitmap = 0
  for (const [slot, child] of children.entries()) {
    if (child === undefined) continue
    bitmap |= 1 << slot
    header.push(...encodeRef(child))
  }
  header[1] = bitmap
  return header
}

function readLeaf(header: readonly unknown[], body: Uint8Array): Leaf {
  const lengths = readBytes(header[1], what, { max: lengthBytes * leafRecordsMax })
  if (header.length !== 2 || lengths.length % lengthBytes !== 0) throw malformed('has a malformed header')
  const view = new DataView(lengths.buffer, lengths.byteOffset, lengths.length)
  const ends: number[] = []
  let end = 0
  for (let at = 0; at < lengths.length; at += lengthBytes) {
    end += view.getUint32(at)
    ends.push(end)
  }
  if (end !== body.length) throw malformed('has another length than it says')
  const records = { body, ends }
  checkPacked(records)
  return { kind: 'leaf', records }
}

function readInner(header: readonly unknown[], body: Uint8Array): Inner {
  if (header[0] !== innerMark || body.length > 0) throw malformed('is of an unknown kind')
  const bitmap = readInt(header[1], what, { min: 1, max: 2 ** radix - 1 })
  const children: (NodeRef | undefined)[] = []
  let at = 2
  for (let slot = 0; slot < radix; slot += 1) {
    if ((bitmap & (1 << slot)) === 0) children.push(undefined)
    else {
      children.push(readRef(header[at], header[at + 1], header[at + 2]))
      at += 3
    }
  }
  if (at !== header.length) throw malformed('has more children than it says')
  return { kind: 'inner', children }
}

function malformed(detail: string): Fault {
  return new Fault('invalid.shape', `A node of the index ${detail}.`)
}
