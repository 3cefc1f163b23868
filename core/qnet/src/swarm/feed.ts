import { encodeCbor } from '@anarq/ipld'
import { primitives } from '@anarq/qlock'
import { feedBytes, type SignedHead } from './head-store.ts'
import { labelled } from './ports.ts'

/** The owner's side of an index among nodes: its name, and who may say where it ends. */
export type FeedKey = Disposable & {
  /** 32 bytes: the public key itself, so that whoever keeps heads needs nothing else to check them. */
  readonly feed: Uint8Array
  sign(sequence: number, head: Uint8Array): SignedHead
}

/**
 * From 32 secret bytes of the index. Ed25519 alone: a forged head leads to a commit that its owner did not sign, which the owner
 * finds out; it costs a look, and opens nothing.
 */
export function createFeedKey(secret: Uint8Array): FeedKey {
  const key = primitives.ed25519Key(secret)
  return {
    feed: key.publicKey,
    sign: (sequence, head) => ({
      sequence,
      head,
      signature: key.sign(headStatement(key.publicKey, sequence, head)),
    }),
    [Symbol.dispose]: () => key.dispose(),
  }
}

/** Whether the owner of the index signed that it ends there. */
export function isSignedHead(
  feed: Uint8Array,
  sequence: number,
  head: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (
    feed.length === feedBytes &&
    signature.length === 64 &&
    primitives.ed25519Verify(feed, headStatement(feed, sequence, head), signature)
  )
}

function headStatement(feed: Uint8Array, sequence: number, head: Uint8Array): Uint8Array {
  return labelled('head', encodeCbor([feed, sequence, head]))
}
