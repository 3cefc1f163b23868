import { equalBytes } from '@anarq/bytes'
import { joinRecords } from '../record/record.ts'
import { decodeRecord, encodeRecord } from '../record/record-codec.ts'
import { type Inner, isLeafSized, type NodeRef, nibbleAt, radix, sumsOf } from './node.ts'
import type { NodeReader, NodeWriter } from './node-store.ts'
import {
  idOfEncoded,
  joinPieces,
  nibbleIn,
  type Packed,
  type Patch,
  type Pieces,
  patchPacked,
  piecesOf,
  recordsIn,
  slicePacked,
} from './packed.ts'

/**
 * A trie of encoded records over the four-bit digits of their ids. A subtree that fits into a leaf is one, so the
 * shape, and with it every name and the root's, follows from the set of records alone (a Merkle trie that is
 * history independent; compare Auvolat and Taïani, "Merkle Search Trees", SRDS 2019).
 */
export type TrieIo = { readonly reader: NodeReader; readonly writer: NodeWriter }

/** Applies patches (ascending by id, each id once) in one way down. Returns `root` itself when nothing changed. */
export async function updateTrie(
  io: TrieIo,
  root: NodeRef | undefined,
  patches: readonly Patch[],
): Promise<NodeRef | undefined> {
  if (patches.length === 0) return root
  return updateNode(io, root, patches, 0)
}

/** The trie of both: each record is the join of the two. Reads only subtrees that differ. */
export async function joinTries(
  io: TrieIo,
  a: NodeRef | undefined,
  b: NodeRef | undefined,
): Promise<NodeRef | undefined> {
  return joinNodes(io, a, b, 0)
}

/** The same records under another secret. */
export async function resealTrie(io: TrieIo, root: NodeRef): Promise<NodeRef> {
  const node = await io.reader.read(root, 'pass')
  if (node.kind === 'leaf') return io.writer.sealLeaf({ ...node.records, pieces: [node.records.body] })
  const children: (NodeRef | undefined)[] = []
  for (const child of node.children) {
    children.push(child === undefined ? undefined : await resealTrie(io, child))
    await io.writer.relieve()
  }
  return io.writer.sealInner({ kind: 'inner', children })
}

export function joinEncoded(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (equalBytes(a, b)) return a
  const [recordA, recordB] = [decodeRecord(a), decodeRecord(b)]
  const joined = joinRecords(recordA, recordB)
  if (joined === recordA) return a
  return joined === recordB ? b : encodeRecord(joined)
}

async function updateNode(
  io: TrieIo,
  ref: NodeRef | undefined,
  patches: readonly Patch[],
  depth: number,
): Promise<NodeRef> {
  if (ref === undefined) {
    const records = patches.map((patch) => patch.onto(undefined))
    return sealRecords(io.writer, piecesOf(records), depth)
  }
  const node = await io.reader.read(ref, 'pass')
  if (node.kind === 'leaf') {
    const records = patchPacked(node.records, patches)
    return records === undefined ? ref : sealRecords(io.writer, records, depth)
  }
  const children = await eachChild(node, depth, splitPatches(patches, depth), (child, own) =>
    own === undefined ? child : updateNode(io, child, own, depth + 1),
  )
  await io.writer.relieve()
  return sealInner(io, ref, node, children)
}

async function joinNodes(
  io: TrieIo,
  a: NodeRef | undefined,
  b: NodeRef | undefined,
  depth: number,
): Promise<NodeRef | undefined> {
  if (a === undefined || b === undefined) return a ?? b
  if (equalBytes(a.digest, b.digest)) return a
  const [nodeA, nodeB] = await Promise.all([io.reader.read(a, 'pass'), io.reader.read(b, 'pass')])
  if (nodeB.kind === 'leaf') return updateNode(io, a, joinPatches(nodeB.records), depth)
  if (nodeA.kind === 'leaf') return updateNode(io, b, joinPatches(nodeA.records), depth)
  const children = await eachChild(nodeA, depth, nodeB.children, (child, other) =>
    joinNodes(io, child, other, depth + 1),
  )
  await io.writer.relieve()
  return sealInner(io, a, nodeA, children)
}

function joinPatches(records: Packed): Patch[] {
  return Array.from(recordsIn(records), (record) => ({
    id: idOfEncoded(record),
    onto: (before) => (before === undefined ? record : joinEncoded(before, record)),
  }))
}

/** Below the root the children go side by side, so that a slow store is asked for many blocks at once; a sixteenth of the trie is in flight at most. */
async function eachChild<T>(
  { children }: Inner,
  depth: number,
  others: readonly (T | undefined)[],
  next: (
    child: NodeRef | undefined,
    other: T | undefined,
  ) => NodeRef | undefined | Promise<NodeRef | undefined>,
): Promise<(NodeRef | undefined)[]> {
  if (depth > 0) return Promise.all(children.map((child, slot) => next(child, others[slot])))
  const done: (NodeRef | undefined)[] = []
  for (const [slot, child] of children.entries()) done.push(await next(child, others[slot]))
  return done
}

/** Seals the new children's parent, as a leaf where they have come to fit into one. */
async function sealInner(
  { reader, writer }: TrieIo,
  ref: NodeRef,
  before: Inner,
  children: readonly (NodeRef | undefined)[],
): Promise<NodeRef> {
  if (children.every((child, slot) => child === before.children[slot])) return ref
  const inner: Inner = { kind: 'inner', children }
  const { count, bytes } = sumsOf(inner)
  if (!isLeafSized(count, bytes)) return writer.sealInner(inner)
  await writer.finish()
  const records: Uint8Array[] = []
  for (const child of children) if (child !== undefined) await gather(reader, child, records)
  return writer.sealLeaf(piecesOf(records))
}

async function gather(reader: NodeReader, ref: NodeRef, records: Uint8Array[]): Promise<void> {
  const node = await reader.read(ref)
  if (node.kind === 'leaf') records.push(...recordsIn(node.records))
  else for (const child of node.children) if (child !== undefined) await gather(reader, child, records)
}

function sealRecords(writer: NodeWriter, records: Pieces, depth: number): NodeRef {
  const { ends } = records
  if (isLeafSized(ends.length, ends[ends.length - 1] ?? 0)) return writer.sealLeaf(records)
  return splitRecords(writer, joinPieces(records), depth)
}

function splitRecords(writer: NodeWriter, records: Packed, depth: number): NodeRef {
  const slotOf = (i: number) => nibbleIn(records, i, depth)
  const children = splitSorted(records.ends.length, slotOf, (from, to) => {
    const own = slicePacked(records, from, to)
    if (!isLeafSized(own.ends.length, own.body.length)) return splitRecords(writer, own, depth + 1)
    return writer.sealLeaf({ pieces: [own.body], ends: own.ends })
  })
  return writer.sealInner({ kind: 'inner', children })
}

function splitPatches(patches: readonly Patch[], depth: number): (readonly Patch[] | undefined)[] {
  const slotOf = (i: number) => nibbleAt((patches[i] as Patch).id, depth)
  return splitSorted(patches.length, slotOf, (from, to) => patches.slice(from, to))
}

/** For each slot what `make` makes of the items that belong there, which stand side by side. */
function splitSorted<T>(
  count: number,
  slotOf: (i: number) => number,
  make: (from: number, to: number) => T,
): (T | undefined)[] {
  const split: (T | undefined)[] = []
  let from = 0
  for (let slot = 0; slot < radix; slot += 1) {
    let to = from
    while (to < count && slotOf(to) === slot) to += 1
    split.push(to > from ? make(from, to) : undefined)
    from = to
  }
  return split
}
