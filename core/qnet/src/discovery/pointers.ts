import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import { compareDistance, idBytes } from './distance.ts'

/**
 * A small signed value near the hash of its subject: where the nodes of a person are, for example. The signature is the subject's
 * (a DID's key log says which key), so whoever stores it can neither change nor invent it; the host verifies.
 */
export type Pointer = {
  /** A DID, or another name that says by which key it is signed. At most 256 letters. */
  readonly subject: string
  readonly nodes: readonly NodeId[]
  /** Newer ones are higher. */
  readonly sequence: number
  /** At most 24 hours from when it is stored. */
  readonly expiresMs: number
}

export type SignedPointer = {
  readonly pointer: Pointer
  /** What the signature is over. */
  readonly body: Uint8Array
  /** At most 4,096 bytes: room for a hybrid one. */
  readonly signature: Uint8Array
  readonly bytes: Uint8Array
}

/** Calls `verdict` once, now or later, with whether the subject signed this. */
export type VerifyPointer = (signed: SignedPointer, verdict: (isTrue: boolean) => void) => void

export const pointerBytesMax = 5120
export const pointerLifeMsMax: number = 24 * 3_600_000
const subjectLettersMax = 256
const nodesMax = 8
const signatureBytesMax = 4096
const label = fromUtf8('anarq pointer key v1')
const what = 'A pointer'

export function keyOfPointer(subject: string): Uint8Array {
  return hashBlake3(label, fromUtf8(subject))
}

/** What the subject is to sign. */
export function pointerBody({ subject, nodes, sequence, expiresMs }: Pointer): Uint8Array {
  return encodeCbor({
    v: 1,
    what: 'pointer',
    subject,
    nodes: nodes.map(idBytes),
    sequence,
    expires: expiresMs,
  })
}

export function writePointer(pointer: Pointer, signature: Uint8Array): SignedPointer {
  return parsePointer(encodeCbor({ body: pointerBody(pointer), signature }))
}

export function parsePointer(bytes: Uint8Array): SignedPointer {
  if (bytes.length > pointerBytesMax)
    throw new Fault('limit.pointer', `A pointer has at most ${pointerBytesMax} bytes.`)
  const outer = readFields(decodeCbor(bytes, what), ['body', 'signature'], what)
  const body = readBytes(outer.body, 'Its body', { max: 1024 })
  const signature = readBytes(outer.signature, 'Its signature', { max: signatureBytesMax })
  const known = ['v', 'what', 'subject', 'nodes', 'sequence', 'expires']
  const fields = readFields(decodeCbor(body, what), known, what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  if (fields.what !== 'pointer') throw new Fault('invalid.shape', 'That is something else than a pointer.')
  const nodes = readArray(fields.nodes, 'Its nodes', { max: nodesMax })
  return {
    pointer: {
      subject: readText(fields.subject, 'Its subject', { max: subjectLettersMax }),
      nodes: nodes.map((id) => textOfNodeId(readBytes(id, 'A node', { length: 32 }))),
      sequence: readInt(fields.sequence, 'Its number'),
      expiresMs: readInt(fields.expires, 'Its end'),
    },
    body,
    signature,
    bytes: bytes.slice(),
  }
}

export type PointerStore = {
  readonly size: number
  get(key: Uint8Array, nowMs: number): SignedPointer | undefined
  /** Whether `put` would, so that nothing is verified for nothing. */
  wouldTake(signed: SignedPointer, nowMs: number, skewMs: number): boolean
  /** Of a verified one: false where a newer one is held, it is over or too long-lived, or others are closer and there is no room. */
  put(signed: SignedPointer, nowMs: number, skewMs: number): boolean
}

/** Bounded: where there is no room, what is farthest from this node goes. */
export function createPointerStore(self: NodeId, pointersMax: number): PointerStore {
  const own = idBytes(self)
  const held = new Map<string, { readonly key: Uint8Array; readonly signed: SignedPointer }>()
  const sweep = (nowMs: number): void => {
    for (const [subject, { signed }] of held) if (signed.pointer.expiresMs < nowMs) held.delete(subject)
  }
  const wouldTake = (signed: SignedPointer, nowMs: number, skewMs: number): boolean => {
    const { subject, sequence, expiresMs } = signed.pointer
    const isTimely = expiresMs >= nowMs && expiresMs <= nowMs + pointerLifeMsMax + skewMs
    return isTimely && (held.get(subject)?.signed.pointer.sequence ?? -1) < sequence
  }
  return {
    get size() {
      return held.size
    },
    get(key, nowMs) {
      for (const one of held.values()) {
        if (compareDistance(key, key, one.key) !== 0) continue
        return one.signed.pointer.expiresMs < nowMs ? undefined : one.signed
      }
      return undefined
    },
    wouldTake,
    put(signed, nowMs, skewMs) {
      if (!wouldTake(signed, nowMs, skewMs)) return false
      const { subject } = signed.pointer
      held.set(subject, { key: keyOfPointer(subject), signed })
      if (held.size > pointersMax) sweep(nowMs)
      if (held.size > pointersMax) {
        const [farthest] = [...held].sort(([, a], [, b]) => compareDistance(own, b.key, a.key))
        held.delete((farthest as [string, unknown])[0])
      }
      return held.has(subject)
    },
  }
}
