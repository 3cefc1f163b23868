import { Fault } from '@anarq/fault'
import { type Cid, cidKey, digestOf } from '@anarq/ipld'
import { verifyCid } from '@anarq/qlock'

/** Bytes and their name. */
export type Block = { readonly cid: Cid; readonly bytes: Uint8Array }

/** `meta` blocks (envelopes, lists, index) are few and precious: a store keeps them twice. */
export type BlockClass = 'data' | 'meta'

/** No block is larger: 8 MiB of frame, and the seal around it. */
export const blockBytesMax: number = 8 * 1024 * 1024 + 1024

/** What a flow needs of a block store. Implementations pass `testBlocks` of `@anarq/qnt/testing`. */
export type Blocks = {
  /**
   * Present at once, durable after `flush`. Known CIDs are skipped, but for those that a `get` found damaged, now or before a restart:
   * these are stored anew. Bytes that do not match their CID are `invalid.block`.
   */
  put(blocks: readonly Block[], blockClass: BlockClass): Promise<void>
  /** Verified against the CID, the caller's to change; `damaged.block` when a copy is there and none verifies. */
  get(cid: Cid): Promise<Uint8Array | undefined>
  has(cid: Cid): Promise<boolean>
  delete(cids: readonly Cid[]): Promise<void>
  list(): AsyncIterable<{ readonly cid: Cid; readonly bytes: number; readonly blockClass: BlockClass }>
  flush(): Promise<void>
}

/** Blocks that live as long as the process. */
export function createMemoryBlocks(): Blocks {
  const kept = new Map<string, Block & { readonly blockClass: BlockClass }>()
  return {
    async put(blocks, blockClass) {
      for (const block of blocks) checkBlock(block)
      for (const { cid, bytes } of blocks) {
        const key = keyOf(cid)
        if (!kept.has(key)) kept.set(key, { cid, bytes: bytes.slice(), blockClass })
      }
    },
    async get(cid) {
      return kept.get(keyOf(cid))?.bytes.slice()
    },
    async has(cid) {
      return kept.has(keyOf(cid))
    },
    async delete(cids) {
      for (const cid of cids) kept.delete(keyOf(cid))
    },
    async *list() {
      for (const { cid, bytes, blockClass } of [...kept.values()]) {
        yield { cid, bytes: bytes.length, blockClass }
      }
    },
    async flush() {},
  }
}

/** Every store's door: `invalid.block` when the bytes are not what the CID names. */
export function checkBlock({ cid, bytes }: Block): void {
  if (verifyCid(cid, bytes)) return
  throw new Fault('invalid.block', 'A block does not match its CID. Nothing was stored; send it again.', {
    data: { cid: cid.toString() },
  })
}

function keyOf(cid: Cid): string {
  return cidKey(digestOf(cid))
}
