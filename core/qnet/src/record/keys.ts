import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt } from '@anarq/ipld'
import { type AgreementKey, deriveSecret, primitives, type SigningKey, wipe } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type NodeId, nodeIdOf, signingSeedOf } from '../node-id.ts'
import { vrfProve } from '../vrf.ts'

/** A machine's long-lived keys, all from one seed of 32 bytes that never leaves it. */
export type NodeKeys = {
  readonly id: NodeId
  /** Ed25519; `nodeIdOf` it is the id. */
  readonly publicKey: Uint8Array
  /** The same as a key that links prove themselves with. */
  readonly signing: SigningKey
  /** X25519, static: whom a link is opened to. */
  readonly link: AgreementKey
  /** 64 bytes of Ed25519 over the label, a zero and the bytes, so that a signature for one thing is none for another. */
  sign(label: string, bytes: Uint8Array): Uint8Array
  /** The proof of a draw (RFC 9381) with the same key. */
  draw(alpha: Uint8Array): Uint8Array
  dispose(): void
}

export function createNodeKeys(seed: Uint8Array): NodeKeys {
  const signingSeed = signingSeedOf(seed)
  const linkSecret = deriveSecret(seed, 'anarq/node/v1/link')
  const signing = primitives.ed25519Key(signingSeed)
  const link = primitives.x25519Key(linkSecret)
  wipe(linkSecret)
  return {
    id: nodeIdOf(signing.publicKey),
    publicKey: signing.publicKey,
    signing,
    link,
    sign: (label, bytes) => signing.sign(labelled(label, bytes)),
    draw: (alpha) => vrfProve(signingSeed, alpha),
    dispose() {
      wipe(signingSeed)
      signing.dispose()
      link.dispose()
    },
  }
}

export function verifyByNode(
  publicKey: Uint8Array,
  label: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): boolean {
  return primitives.ed25519Verify(publicKey, labelled(label, bytes), signature)
}

function labelled(label: string, bytes: Uint8Array): Uint8Array {
  return concatBytes(fromUtf8(label), Uint8Array.of(0), bytes)
}

/** A key that circuits are built to, and until when. */
export type OnionKey = { readonly agreement: AgreementKey; readonly endMs: number }

export type OnionKeys = {
  /** The newest one, made when the one before has less than `overlapMs` to live. */
  current(nowMs: number): OnionKey
  /** All that may still be built to, newest first. */
  usable(nowMs: number): readonly OnionKey[]
  /** Secret: what a restarted node needs to go on. The host seals it. */
  keep(): Uint8Array
  dispose(): void
}

const onionLifeMs = 24 * 3_600_000
const onionKeysMax = 3

type Held = OnionKey & { readonly secret: Uint8Array }

/**
 * Onion keys are random and live a day: one that is over is overwritten, and then nobody, with all seeds and words in hand, can
 * open what was built to it. `kept` is what `keep` gave before; what does not read is `damaged.onion-keys`.
 */
export function createOnionKeys({
  random,
  kept,
  overlapMs = 6 * 3_600_000,
}: {
  random: Random
  kept?: Uint8Array
  overlapMs?: number
}): OnionKeys {
  let held: Held[] = kept === undefined ? [] : readKept(kept)
  const drop = (isOver: (key: Held) => boolean): void => {
    for (const key of held.filter(isOver)) {
      wipe(key.secret)
      key.agreement.dispose()
    }
    held = held.filter((key) => !isOver(key))
  }
  // A clock that went back leaves keys that would live for more than a day: they are kept only that long.
  const usable = (nowMs: number): readonly Held[] => {
    drop((key) => key.endMs <= nowMs || key.endMs > nowMs + 2 * onionLifeMs)
    return held
  }
  const make = (nowMs: number): Held => {
    const secret = random.bytes(32)
    const key = { secret, agreement: primitives.x25519Key(secret), endMs: nowMs + onionLifeMs }
    held = [key, ...held]
    const last = held[onionKeysMax]
    if (last !== undefined) drop((one) => one === last)
    return key
  }
  return {
    usable,
    current(nowMs) {
      const newest = usable(nowMs)[0]
      return newest !== undefined && newest.endMs - nowMs > overlapMs ? newest : make(nowMs)
    },
    keep: () => encodeCbor({ v: 1, keys: held.map(({ secret, endMs }) => ({ secret, end: endMs })) }),
    dispose: () => drop(() => true),
  }
}

function readKept(kept: Uint8Array): Held[] {
  try {
    const { v, keys } = readFields(decodeCbor(kept), ['v', 'keys'], 'The kept keys')
    readInt(v, 'The version', { min: 1, max: 1 })
    return readArray(keys, 'The kept keys', { max: onionKeysMax }).map((value) => {
      const fields = readFields(value, ['secret', 'end'], 'A kept key')
      const secret = readBytes(fields.secret, 'A kept key', { length: 32 })
      return { secret, agreement: primitives.x25519Key(secret), endMs: readInt(fields.end, 'Its end') }
    })
  } catch (cause) {
    throw new Fault('damaged.onion-keys', 'The kept onion keys do not read: start without them.', { cause })
  }
}
