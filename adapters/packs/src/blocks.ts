import { type Cid, cborCodec, digestOf, type rawCodec } from '@anarq/ipld'
import { type BlockClass, type Blocks, checkBlock } from '@anarq/qnt'
import type { Row } from './catalogue/rows.ts'
import { cidOfRow, readBlock, readUnchecked } from './copies.ts'
import { nowhere } from './pack/location.ts'
import { cborKind, rawKind } from './pack/record.ts'
import { buryBlocks, type PutCounts, placeBlocks } from './placement.ts'
import { readMany } from './read-many.ts'
import type { Piece } from './series.ts'
import type { Store } from './store.ts'

/**
 * A block that our own sealer made in this process: its digest is trusted, and its pieces go to the file as they
 * are. They are the store's until the put resolves.
 */
export type SealedBlock = {
  readonly codec: typeof rawCodec | typeof cborCodec
  readonly digest: Uint8Array
  readonly parts: readonly Uint8Array[]
}

export type PackBlocks = Blocks & {
  /** As `put`, without hashing: only for digests that were just computed here. Resolves to what was not there before. */
  putSealed(blocks: readonly SealedBlock[], blockClass: BlockClass): Promise<PutCounts>
  /**
   * The stored bytes of a block, unchecked, into memory of its size: for who checks them elsewhere. False where they
   * could not be read whole; `get` says why, and mends what it can.
   */
  readInto(digest: Uint8Array, into: Uint8Array): Promise<boolean>
  /**
   * As `readInto`, of many small blocks one behind another: views of `into`, and undefined for each that could not be read like
   * that or found no room.
   */
  readMany(digests: readonly Uint8Array[], into: Uint8Array): Promise<readonly (Uint8Array | undefined)[]>
}

const rowsAtOnce = 1000

export function createBlocks(store: Store): PackBlocks {
  return {
    async put(blocks, blockClass) {
      for (const block of blocks) checkBlock(block)
      await placeBlocks(store, blocks.map(toPiece), blockClass)
    },
    putSealed: (blocks, blockClass) => placeBlocks(store, blocks.map(sealedToPiece), blockClass),
    get: (cid) => readBlock(store, digestOf(cid)),
    readInto: (digest, into) => readUnchecked(store, digest, into),
    readMany: (digests, into) => readMany(store, digests, into),
    async has(cid) {
      const digest = digestOf(cid)
      return store.withCatalogue(() => {
        const row = store.catalogue.find(digest)
        return row !== undefined && !store.catalogue.damage.has(digest, row)
      })
    },
    delete: (cids) => buryBlocks(store, cids.map(digestOf)),
    async *list() {
      for (let after: Uint8Array | undefined = new Uint8Array(0); after !== undefined; ) {
        const from: Uint8Array = after
        const { rows, next } = await store.withCatalogue(() => store.catalogue.page(from, rowsAtOnce))
        for (const { digest, row } of rows) {
          yield { cid: cidOfRow(digest, row), bytes: row.bytes, blockClass: classOf(row) }
        }
        after = next
      }
    },
    flush: () => store.flush(),
  }
}

function classOf(row: Row): BlockClass {
  return row.a === nowhere && row.b === nowhere ? 'data' : 'meta'
}

function toPiece({ cid, bytes }: { readonly cid: Cid; readonly bytes: Uint8Array }): Piece {
  return { kind: kindOf(cid.code), digest: digestOf(cid), bytes: bytes.length, parts: [bytes] }
}

function sealedToPiece({ codec, digest, parts }: SealedBlock): Piece {
  let bytes = 0
  for (const part of parts) bytes += part.length
  return { kind: kindOf(codec), digest, bytes, parts }
}

function kindOf(codec: number): number {
  return codec === cborCodec ? cborKind : rawKind
}
