import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { type MerkleState, verifySignature } from '@anarq/qlock'

/** The log as it stood when it had `size` entries. */
export type TreeHead = {
  /** Which log: one signer may keep several. */
  readonly origin: string
  readonly size: number
  /** RFC 6962 section 2.1 over BLAKE3, 32 bytes. */
  readonly root: Uint8Array
  readonly atMs: number
  /** Whose log. */
  readonly did: string
}

/** With the composite signature of the owner over everything else. */
export type SignedHead = TreeHead & { readonly signature: Uint8Array }

export type SignedHeadJson = Omit<SignedHead, 'root' | 'signature'> & {
  readonly root: string
  readonly signature: string
}

export const headContext = 'q/v1/audit/head'
const signatureBytesMax = 8192

/** The bytes under the signature: canonical DAG-CBOR. */
export function headMessage({ origin, size, root, atMs, did }: TreeHead): Uint8Array {
  return encodeCbor({ v: 1, origin, size, root, atMs, did })
}

export function verifyHead(publicKey: Uint8Array, { signature, ...head }: SignedHead): boolean {
  return verifySignature(publicKey, headMessage(head), signature, headContext)
}

/** What the store keeps: the head, and the tree's frontier, so that a log of any length opens at once. */
export function encodeHead(head: SignedHead, nodes: MerkleState['nodes']): Uint8Array {
  return encodeCbor({ v: 1, ...head, nodes: [...nodes] })
}

export function parseHead(bytes: Uint8Array): { head: SignedHead; nodes: readonly Uint8Array[] } {
  const fields = readFields(
    decodeCbor(bytes, "The audit log's head"),
    ['v', ...headFields, 'signature', 'nodes'],
    "The audit log's head",
  )
  const nodes = readArray(fields.nodes, 'Its frontier', { max: 64 })
  const signature = readBytes(fields.signature, 'Its signature', { max: signatureBytesMax })
  const root = readBytes(fields.root, 'Its root', { length: 32 })
  return {
    head: { ...readHead(fields), root, signature },
    nodes: nodes.map((node) => readBytes(node, 'A node', { length: 32 })),
  }
}

export function headToJson({ origin, size, root, atMs, did, signature }: SignedHead): SignedHeadJson {
  return { origin, size, root: toBase64Url(root), atMs, did, signature: toBase64Url(signature) }
}

/** Throws `invalid.shape` on anything else. */
export function headFromJson(value: unknown): SignedHead {
  const fields = readFields(value, [...headFields, 'signature'], 'The signed head')
  const root = readBase64(fields.root, "The head's root", 32)
  const signature = readBase64(fields.signature, "The head's signature", undefined, signatureBytesMax)
  return { ...readHead(fields), root, signature }
}

/** Bytes that JSON carries as base64url. */
export function readBase64(
  value: unknown,
  what: string,
  length?: number,
  max: number = length ?? 65_536,
): Uint8Array {
  const text = readText(value, what, { max: Math.ceil((max * 4) / 3) + 4 })
  let bytes: Uint8Array | undefined
  try {
    bytes = fromBase64Url(text)
  } catch {
    // `readBytes` says it in our words.
  }
  return readBytes(bytes, what, length === undefined ? { max } : { length })
}

const headFields = ['origin', 'size', 'root', 'atMs', 'did']

function readHead(fields: Readonly<Record<string, unknown>>): Omit<TreeHead, 'root'> {
  return {
    origin: readText(fields.origin, "The head's origin", { max: 256 }),
    size: readInt(fields.size, "The head's size"),
    atMs: readInt(fields.atMs, "The head's time"),
    did: readText(fields.did, "The head's DID", { max: 256 }),
  }
}
