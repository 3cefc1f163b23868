import { Fault } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import { type BlockClass, blockBytesMax } from '@anarq/qnt'
import type { Row } from './catalogue/rows.ts'
import { nowhere, seriesNames } from './pack/location.ts'
import { tombstoneKind } from './pack/record.ts'
import type { Piece } from './series.ts'
import type { Store } from './store.ts'

/** So many rows wait only when the database cannot be written. */
const pendingRowsMax = 500_000

/** Blocks that were not there before, and the bytes of their payloads. */
export type PutCounts = { readonly blocks: number; readonly bytes: number }

/** Stores what is new of the blocks, in this order; resolves when all of them are in the files. */
export async function placeBlocks(
  store: Store,
  pieces: readonly Piece[],
  blockClass: BlockClass,
): Promise<PutCounts> {
  for (const piece of pieces) checkPiece(piece)
  const { isWaiting, counts } = await store.withCatalogue(() => placeAll(store, pieces, blockClass))
  if (isWaiting) await store.written()
  return counts
}

type Placed = { readonly isWaiting: boolean; readonly counts: PutCounts }

function placeAll(store: Store, pieces: readonly Piece[], blockClass: BlockClass): Placed {
  store.checkWritable()
  if (store.catalogue.pendingRows() > pendingRowsMax) throw indexIsStuck()
  const counts = { blocks: 0, bytes: 0 }
  let isWaiting = false
  for (const piece of pieces) {
    const { isNew, row } = placeBlock(store, piece, blockClass)
    if (isNew) {
      counts.blocks += 1
      counts.bytes += piece.bytes
    }
    isWaiting ||= seriesNames.some((name) => row[name] >= store.series[name].writer.writtenTo())
  }
  return { isWaiting, counts }
}

/** Appends what is missing of the block. */
function placeBlock(store: Store, piece: Piece, blockClass: BlockClass): { isNew: boolean; row: Row } {
  const { catalogue } = store
  const { digest, kind, bytes } = piece
  store.guarded?.add(cidKey(digest))
  const found = catalogue.find(digest)
  const known = found !== undefined && catalogue.damage.has(digest, found) ? undefined : found
  let row = known ?? { kind, bytes, data: nowhere, a: nowhere, b: nowhere }
  if (blockClass === 'meta') {
    if (row.a === nowhere || row.b === nowhere) {
      const a = row.a === nowhere ? store.append('a', piece) : row.a
      row = { ...row, a, b: row.b === nowhere ? store.append('b', piece) : row.b }
    }
  } else if (known === undefined) {
    row = { ...row, data: store.append('data', piece) }
  }
  if (row !== known) catalogue.set(digest, row, found)
  return { isNew: known === undefined, row }
}

/** Forgets the blocks. A tombstone in each series makes that outlast the database. */
export async function buryBlocks(store: Store, digests: readonly Uint8Array[]): Promise<void> {
  await store.withCatalogue(() => {
    store.checkWritable()
    for (const digest of digests) buryBlock(store, digest)
  })
  await store.written()
}

function buryBlock(store: Store, digest: Uint8Array): void {
  const found = store.catalogue.find(digest)
  if (found === undefined) return
  store.catalogue.set(digest, undefined, found)
  store.catalogue.damage.delete(digest)
  for (const name of seriesNames) {
    if (found[name] !== nowhere) store.append(name, { kind: tombstoneKind, digest, bytes: 0, parts: [] })
  }
}

function checkPiece({ bytes, digest }: Piece): void {
  if (digest.length !== 32) throw new RangeError(`a digest has 32 bytes, not ${digest.length}`)
  if (bytes > blockBytesMax) {
    throw new Fault(
      'limit.block',
      `A block of ${bytes} bytes is too large: one holds at most ${blockBytesMax}.`,
    )
  }
}

function indexIsStuck(): Fault {
  return new Fault(
    'unavailable.full',
    'The index of the blocks could not be written for a long time. Make room on the disk and try again.',
  )
}
