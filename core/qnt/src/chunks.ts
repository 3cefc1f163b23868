import { Fault } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import { openChunk } from '@anarq/qlock'
import type { Blocks } from './blocks.ts'
import { type BodyRef, type ChunkRef, cidOfEntry, type List, type ListEntry, parseList } from './list.ts'
import { reading } from './parse.ts'

export type ChunkRange = {
  readonly fromByte?: number
  /** Excluded; past the end means the end. */
  readonly toByte?: number
  readonly signal?: AbortSignal
}

export type PlacedChunk = {
  readonly ref: ChunkRef
  /** Where the chunk's first plain byte stands in the content. */
  readonly atByte: number
}

/**
 * The chunks that hold a range of plain bytes, in order; lists outside the range are not read. Every list is
 * checked against what its parent says of it. Throws `missing.block`, `damaged.block`, `damaged.list` or
 * `invalid.range`. Chunks are not opened here: whoever opens one checks its size against the reference.
 */
export async function* readChunks(
  blocks: Pick<Blocks, 'get'>,
  body: BodyRef,
  { fromByte = 0, toByte = body.plainBytes, signal }: ChunkRange = {},
): AsyncGenerator<PlacedChunk, void, undefined> {
  if (
    !(Number.isSafeInteger(fromByte) && Number.isSafeInteger(toByte) && 0 <= fromByte && fromByte <= toByte)
  ) {
    throw new Fault('invalid.range', `Bytes ${fromByte} to ${toByte} are no range. Ask from low to high.`)
  }
  if (fromByte >= Math.min(toByte, body.plainBytes)) return
  const steps: Step[] = [{ entry: entryOf(body), depth: body.depth, atByte: 0 }]
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { entry, depth, atByte } = step
    if (atByte >= toByte) return
    if (atByte + entry.plainBytes <= fromByte) continue
    signal?.throwIfAborted()
    if (depth === 0) yield { ref: entry, atByte }
    else pushEntries(steps, await readList(blocks, entry, depth), atByte)
  }
}

/**
 * Every block of a body, each list before what it names. A list that occurs again is not entered again, so that
 * a hostile one cannot make the walk endless; a chunk that a list names twice comes twice.
 */
export async function* blocksOf(
  blocks: Pick<Blocks, 'get'>,
  { body }: { readonly body: BodyRef },
): AsyncGenerator<Cid, void, undefined> {
  const seen = new Set<string>()
  const steps: Step[] = [{ entry: entryOf(body), depth: body.depth, atByte: 0 }]
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { entry, depth, atByte } = step
    if (depth > 0) {
      const key = cidKey(entry.digest)
      if (seen.has(key)) continue
      seen.add(key)
    }
    yield cidOfEntry(entry)
    if (depth > 0) pushEntries(steps, await readList(blocks, entry, depth), atByte)
  }
}

/** What is still to visit, the next one last. Depth falls at every step, so no cycle can be spelled. */
type Step = { readonly entry: ListEntry; readonly depth: number; readonly atByte: number }

function pushEntries(steps: Step[], list: List, atByte: number): void {
  let endByte = atByte + list.plainBytes
  for (let at = list.entries.length - 1; at >= 0; at -= 1) {
    const entry = list.entries[at] as ListEntry
    endByte -= entry.plainBytes
    steps.push({ entry, depth: list.depth - 1, atByte: endByte })
  }
}

function entryOf({ cid, key, plainBytes, storedBytes, chunks }: BodyRef): ListEntry {
  return { digest: digestOf(cid), key, plainBytes, storedBytes, chunks }
}

const advice = 'Fetch the object again from another copy.'

async function readList(blocks: Pick<Blocks, 'get'>, entry: ListEntry, depth: number): Promise<List> {
  const block = await blocks.get(cidOfEntry(entry))
  if (block === undefined) {
    throw new Fault('missing.block', `A chunk list is not here. ${advice}`, {
      data: { cid: cidOfEntry(entry).toString() },
    })
  }
  const bytes = openChunk(entry.key, block)
  if (bytes === undefined) throw new Fault('damaged.list', `A chunk list does not open. ${advice}`)
  const list = reading('damaged.list', advice, () => parseList(bytes))
  const isAsNamed =
    list.depth === depth &&
    list.plainBytes === entry.plainBytes &&
    list.storedBytes + block.length === entry.storedBytes &&
    list.chunks === entry.chunks
  if (!isAsNamed) throw new Fault('damaged.list', `A chunk list is not the one its parent names. ${advice}`)
  return list
}
