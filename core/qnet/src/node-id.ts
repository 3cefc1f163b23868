import { fromBase32, fromUtf8, toBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { deriveSecret, hashBlake3, primitives, wipe } from '@anarq/qlock'

/**
 * Who a node is: the hash of its Ed25519 public key, 32 bytes, as lower-case base32 text of 52 letters, so that it can be a
 * key of a map and a word in an invitation. A node is a machine's, not a person's: who uses it stands nowhere in it.
 */
export type NodeId = string & { readonly nodeId: unique symbol }

export const nodeIdBytes = 32

const label = fromUtf8('anarq node id v1')

export function nodeIdOf(publicKey: Uint8Array): NodeId {
  return toBase32(hashBlake3(label, publicKey)) as NodeId
}

/** The Ed25519 seed that a machine signs with, of its own seed of 32 bytes. Wipe it. */
export function signingSeedOf(seed: Uint8Array): Uint8Array {
  if (seed.length !== 32) throw new Fault('invalid.key', "A node's seed has 32 bytes.")
  return deriveSecret(seed, 'anarq/node/v1/sign')
}

/** The public key that a node with this seed has: of all its keys the one that others know it by. */
export function nodeKeyOf(seed: Uint8Array): Uint8Array {
  const signingSeed = signingSeedOf(seed)
  const key = primitives.ed25519Key(signingSeed)
  wipe(signingSeed)
  const { publicKey } = key
  key.dispose()
  return publicKey
}

/** `invalid.node-id` for anything but the one spelling of 32 bytes. */
export function parseNodeId(text: string): NodeId {
  if (text.length === 52 && decode(text)?.length === nodeIdBytes) return text as NodeId
  throw new Fault('invalid.node-id', 'That is no node id: 52 letters and digits from a to z and 2 to 7.')
}

export function textOfNodeId(id: Uint8Array): NodeId {
  if (id.length !== nodeIdBytes) throw new Fault('invalid.node-id', `A node id has ${nodeIdBytes} bytes.`)
  return toBase32(id) as NodeId
}

function decode(text: string): Uint8Array | undefined {
  try {
    return fromBase32(text)
  } catch {
    return undefined
  }
}
