import type { Cid } from '@anarq/ipld'
import type { HeadRef, Heads } from '@anarq/qindex'
import { nowhere } from './pack/location.ts'
import { encodeHead, headKind } from './pack/record.ts'
import type { Piece } from './series.ts'
import type { Store } from './store.ts'

/** Heads as records of both meta series. A head is written only after all blocks before it are durable. */
export function createHeads(store: Store): Heads {
  const { heads } = store.catalogue

  async function append(feed: Uint8Array, { cid, sequence }: HeadRef): Promise<void> {
    const piece = headPiece(feed, { cid, sequence })
    await store.withCatalogue(() => {
      heads.add(feed, { cid, sequence, a: store.append('a', piece), b: store.append('b', piece) })
    })
    try {
      await store.flush()
    } catch (error) {
      await store.withCatalogue(() => heads.remove(feed, cid))
      throw error
    }
  }

  return {
    async get(feed) {
      const entries = await store.withCatalogue(() => heads.of(feed))
      return entries.map(({ cid, sequence }) => ({ cid, sequence }))
    },
    async put(feed, head) {
      await store.flush()
      if (await store.withCatalogue(() => isKept(feed, head.cid))) return
      await append(feed, head)
    },
    feeds: () => store.withCatalogue(() => heads.feeds()),
  }

  function isKept(feed: Uint8Array, cid: Cid): boolean {
    return heads.of(feed).some((entry) => entry.cid.equals(cid) && entry.a !== nowhere && entry.b !== nowhere)
  }
}

export function headPiece(feed: Uint8Array, { cid, sequence }: HeadRef): Piece {
  const { payload, digest } = encodeHead({ feed, sequence, cid })
  return { kind: headKind, digest, bytes: payload.length, parts: [payload] }
}
