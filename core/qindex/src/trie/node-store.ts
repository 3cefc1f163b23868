import { Fault } from '@anarq/fault'
import { cidKey, cidOfDigest, rawCodec } from '@anarq/ipld'
import { openChunk, sealChunk } from '@anarq/qlock'
import type { Block, Blocks } from '@anarq/qnt'
import {
  decodeNode,
  encodeInner,
  encodeLeaf,
  type Inner,
  type NodeRef,
  sumsOf,
  type TrieNode,
} from './node.ts'
import type { Pieces } from './packed.ts'

/** Reads nodes of the trie: from memory where they were read lately, else from their sealed blocks. */
export type NodeReader = {
  /** `missing.block`, `damaged.block` or `damaged.index`, with the node's CID in `data`. `pass`: a long walk that must not push out what is in use. */
  read(ref: NodeRef, use?: 'keep' | 'pass'): Promise<TrieNode>
}

/** Seals the new nodes of one commit and stores them. */
export type NodeWriter = {
  sealLeaf(records: Pieces): NodeRef
  sealInner(node: Inner): NodeRef
  /** Stores what has gathered when that is much; a writer of many nodes calls it now and then. */
  relieve(): Promise<void>
  /** Stores the rest. Only then the nodes count as readable from memory. */
  finish(): Promise<void>
}

export type NodeStore = NodeReader & { writer(secret: Uint8Array): NodeWriter; forget(): void }

const pendingBytesMax = 8 * 1024 * 1024
/** What the objects of a node cost, roughly, beside its records, and those of a child. */
const nodeOverheadBytes = 600
const childBytes = 300

export function createNodeStore({
  blocks,
  cacheBytesMax,
}: {
  blocks: Blocks
  cacheBytesMax: number
}): NodeStore {
  const cache = createNodeCache(cacheBytesMax)
  return {
    async read(ref, use = 'keep') {
      const name = cidKey(ref.digest)
      const known = cache.get(name)
      if (known !== undefined) return known
      const node = await readNode(blocks, ref)
      if (use === 'keep' || node.kind === 'inner') cache.add(name, node)
      return node
    },
    writer: (secret) => createWriter(blocks, secret, cache),
    forget: () => cache.clear(),
  }
}

async function readNode(blocks: Blocks, ref: NodeRef): Promise<TrieNode> {
  const frame = await openSealed(blocks, ref)
  try {
    return decodeNode(frame, ref)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Fault(error.code, error.message, { cause: error, data: dataOf(ref) })
  }
}

/** The frame of a sealed block whose name and key are known. */
export async function openSealed(
  blocks: Blocks,
  ref: { readonly digest: Uint8Array; readonly key: Uint8Array },
): Promise<Uint8Array> {
  const block = await blocks.get(cidOfDigest(rawCodec, ref.digest))
  if (block === undefined) {
    throw new Fault(
      'missing.block',
      'A part of the index is not here. Fetch it from another device or a backup.',
      {
        data: dataOf(ref),
      },
    )
  }
  const frame = openChunk(ref.key, block)
  if (frame !== undefined) return frame
  throw new Fault(
    'damaged.block',
    'A part of the index does not open: it was changed, or its key is another.',
    {
      data: dataOf(ref),
    },
  )
}

function dataOf(ref: { readonly digest: Uint8Array }): { cid: string } {
  return { cid: cidOfDigest(rawCodec, ref.digest).toString() }
}

function createWriter(blocks: Blocks, secret: Uint8Array, cache: NodeCache): NodeWriter {
  let pending: Block[] = []
  let pendingBytes = 0
  let sealed: [string, TrieNode][] = []
  const store = async () => {
    const toPut = pending
    const toCache = sealed
    pending = []
    sealed = []
    pendingBytes = 0
    if (toPut.length > 0) await blocks.put(toPut, 'meta')
    for (const [name, node] of toCache) cache.add(name, node)
  }
  const seal = (node: TrieNode, frame: Uint8Array): NodeRef => {
    const { block, digest, key } = sealChunk(secret, frame)
    pending.push({ cid: cidOfDigest(rawCodec, digest), bytes: block })
    pendingBytes += block.length
    sealed.push([cidKey(digest), node])
    return { digest, key, ...sumsOf(node) }
  }
  return {
    sealLeaf(records) {
      const frame = encodeLeaf(records)
      const { ends } = records
      // Over its own frame: keeping the node must not keep all the records that were committed with it.
      const body = frame.subarray(frame.length - (ends[ends.length - 1] ?? 0))
      return seal({ kind: 'leaf', records: { body, ends } }, frame)
    },
    sealInner: (node) => seal(node, encodeInner(node)),
    async relieve() {
      if (pendingBytes > pendingBytesMax) await store()
    },
    finish: store,
  }
}

type NodeCache = {
  get(name: string): TrieNode | undefined
  add(name: string, node: TrieNode): void
  clear(): void
}

/** Least recently used goes first; bounded by bytes. */
function createNodeCache(bytesMax: number): NodeCache {
  const nodes = new Map<string, { node: TrieNode; bytes: number }>()
  let total = 0
  const remove = (name: string) => {
    total -= nodes.get(name)?.bytes ?? 0
    nodes.delete(name)
  }
  return {
    get(name) {
      const found = nodes.get(name)
      if (found === undefined) return undefined
      nodes.delete(name)
      nodes.set(name, found)
      return found.node
    },
    add(name, node) {
      remove(name)
      const bytes = weightOf(node)
      nodes.set(name, { node, bytes })
      total += bytes
      for (const oldest of nodes.keys()) {
        if (total <= bytesMax) break
        remove(oldest)
      }
    },
    clear() {
      nodes.clear()
      total = 0
    },
  }
}

function weightOf(node: TrieNode): number {
  if (node.kind === 'leaf') return nodeOverheadBytes + node.records.body.length + 8 * node.records.ends.length
  return nodeOverheadBytes + childBytes * node.children.length
}
