import { Fault } from '@anarq/fault'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import { sealChunk } from '@anarq/qlock'
import { type Block, blockBytesMax } from './blocks.ts'
import {
  type BodyRef,
  type ChunkRef,
  cidOfEntry,
  encodeList,
  type ListEntry,
  listDepthMax,
  listEntriesMax,
  sumOf,
} from './list.ts'

export type ListBuilderOptions = {
  /** The owner's chunk secret (32 bytes): the same chunks give the same lists. */
  readonly chunkSecret: Uint8Array
  /** Receives each list block as it is full; store them as `meta`. */
  readonly emit: (block: Block) => void
  readonly entriesMax?: number
}

export type ListBuilder = {
  /** In the order of the content. Throws `invalid.chunk` or `limit.list`. */
  add(ref: ChunkRef): void
  /** Once, at the end. Without any chunk it emits one sealed empty block, the body of empty content. */
  finish(): BodyRef
}

/**
 * Chunk references in, a tree of sealed lists out. Every list but the last of its level is full, so the tree
 * depends only on the sequence of chunks.
 */
export function createListBuilder({
  chunkSecret,
  emit,
  entriesMax = listEntriesMax,
}: ListBuilderOptions): ListBuilder {
  if (entriesMax < 2 || entriesMax > listEntriesMax) {
    throw new RangeError(`entriesMax is 2 to ${listEntriesMax}, not ${entriesMax}`)
  }
  /** Open lists; `levels[0]` holds chunks, `levels[n]` holds lists of depth n. */
  const levels: ListEntry[][] = [[]]
  let hasEmptyChunk = false
  let isFinished = false

  function push(level: number, entry: ListEntry): void {
    const open = levels[level]
    if (open === undefined) {
      if (level >= listDepthMax) {
        throw new Fault('limit.list', `Content has more chunks than lists of depth ${listDepthMax} can hold.`)
      }
      levels.push([entry])
    } else if (open.length < entriesMax) open.push(entry)
    else {
      push(level + 1, seal(level))
      levels[level] = [entry]
    }
  }

  function seal(level: number): ListEntry {
    const entries = levels[level] ?? []
    const { block, digest, key } = sealChunk(chunkSecret, encodeList(level + 1, entries))
    emit({ cid: cidOfDigest(rawCodec, digest), bytes: block })
    return {
      digest,
      key,
      plainBytes: sumOf(entries, 'plainBytes'),
      storedBytes: sumOf(entries, 'storedBytes') + block.length,
      chunks: sumOf(entries, 'chunks'),
    }
  }

  function finish(): BodyRef {
    for (let level = 0; level < levels.length - 1; level += 1) push(level + 1, seal(level))
    const depth = levels.length - 1
    const top = levels[depth] as ListEntry[]
    const [first] = top
    if (first === undefined) return emptyBody()
    return top.length === 1 ? bodyOf(first, depth) : bodyOf(seal(depth), depth + 1)
  }

  function emptyBody(): BodyRef {
    const { block, digest, key } = sealChunk(chunkSecret, new Uint8Array(0))
    const cid = cidOfDigest(rawCodec, digest)
    emit({ cid, bytes: block })
    return { cid, key, depth: 0, plainBytes: 0, storedBytes: block.length, chunks: 0 }
  }

  return {
    add(ref) {
      checkChunk(ref)
      if (isFinished || hasEmptyChunk || (ref.plainBytes === 0 && levels[0]?.length !== 0)) {
        throw new Fault('invalid.chunk', 'An empty chunk stands alone, and nothing follows the last chunk.')
      }
      hasEmptyChunk = ref.plainBytes === 0
      push(0, { ...ref, chunks: 1 })
    },
    finish() {
      if (isFinished) throw new Fault('internal.finished', 'This list builder was finished before.')
      isFinished = true
      return finish()
    },
  }
}

function bodyOf(entry: ListEntry, depth: number): BodyRef {
  const { key, plainBytes, storedBytes, chunks } = entry
  return { cid: cidOfEntry(entry), key, depth, plainBytes, storedBytes, chunks }
}

function checkChunk({ digest, key, plainBytes, storedBytes }: ChunkRef): void {
  const isSound =
    digest.length === 32 &&
    key.length === 32 &&
    Number.isSafeInteger(plainBytes) &&
    plainBytes >= 0 &&
    Number.isSafeInteger(storedBytes) &&
    storedBytes >= 1 &&
    storedBytes <= blockBytesMax
  if (!isSound) {
    throw new Fault('invalid.chunk', 'A chunk reference has a digest, key or size that no chunk can have.')
  }
}
