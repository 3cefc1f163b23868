import { fromBase32, fromUtf8, toBase32 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'

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
