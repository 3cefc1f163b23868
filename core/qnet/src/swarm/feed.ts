import { encodeCbor } from '@anarq/ipld'
import { primitives } from '@anarq/qlock'
import { feedBytes, type SignedHead } from './head-store.ts'
import { labelled } from './ports.ts'

/** The owner's side of an index among nodes: its name, and who may say where it ends. */
export type FeedKey = Disposable & {
  /** 32 bytes: the public key itself, so that whoever keeps heads needs nothing else to check them. */
  readonly feed: Uint8Array
  sign(sequence: number, head: Uint8Array): SignedHead
  /** Of a list of what the index still stands on (`writeKeptList`), as a block; the sequence is the time in milliseconds. */
  signList(sequence: number, list: Uint8Array): SignedHead
}

/**
 * From 32 secret bytes of the index. Ed25519 alone: a forged head leads to a commit that its owner did not sign, which the owner
 * finds out; it costs a look, and opens nothing.
 */
export function createFeedKey(secret: Uint8Array): FeedKey {
  const key = primitives.ed25519Key(secret)
  const signed =
    (label: Label) =>
    (sequence: number, head: Uint8Array): SignedHead => ({
      sequence,
      head,
      signature: key.sign(statementOf(label, key.publicKey, sequence, head)),
    })
  return {
    feed: key.publicKey,
    sign: signed('head'),
    signList: signed('list'),
    [Symbol.dispose]: () => key.dispose(),
  }
}

/** Whether a feed says so: what is known of it among nodes, each under a label of its own. */
export type IsSigned = (
  feed: Uint8Array,
  sequence: number,
  head: Uint8Array,
  signature: Uint8Array,
) => boolean

type Label = 'head' | 'list'

/** Whether the owner of the index signed that it ends there. */
export const isSignedHead: IsSigned = (...said) => isSigned('head', ...said)

/** Whether the owner signed that this block lists what the index stands on. */
export const isSignedList: IsSigned = (...said) => isSigned('list', ...said)

function isSigned(
  label: Label,
  feed: Uint8Array,
  sequence: number,
  head: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (
    feed.length === feedBytes &&
    signature.length === 64 &&
    primitives.ed25519Verify(feed, statementOf(label, feed, sequence, head), signature)
  )
}

function statementOf(label: Label, feed: Uint8Array, sequence: number, head: Uint8Array): Uint8Array {
  return labelled(label, encodeCbor([feed, sequence, head]))
}
