import { concatBytes, fromBase64Url, fromHex, toBase64Url, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import type { Applicant } from '@anarq/kernel'
import { custodyDigestsMax, custodyNonceBytes, documentsBytesMax, splitDigests } from '@anarq/qnet/branch'

/**
 * Messages of branches: the branch's id (32 bytes), one byte of kind, then what the kind says: bytes of the branch's swarm, or DAG-CBOR.
 * All but `apply` are heard from members alone.
 */
export type BranchMessage =
  | { readonly kind: 'swarm'; readonly bytes: Uint8Array }
  /** What this member holds, and where it and others are. */
  | {
      readonly kind: 'state'
      readonly tag: Uint8Array
      readonly places: readonly string[]
      /** The other side is to say its own. */
      readonly isAsking: boolean
    }
  | {
      readonly kind: 'documents'
      readonly documents: Uint8Array
      readonly secret: Uint8Array | undefined
      /** The other side is to send its own where they are more. */
      readonly isAsking: boolean
    }
  | {
      readonly kind: 'apply'
      readonly endMs: number
      readonly token: Uint8Array
      readonly applicant: Applicant
    }
  | {
      readonly kind: 'prove'
      readonly number: number
      readonly nonce: Uint8Array
      readonly digests: readonly Uint8Array[]
    }
  | {
      readonly kind: 'proved'
      readonly number: number
      readonly body: Uint8Array
      readonly signature: Uint8Array
      /** One for each block that it has, in their order. */
      readonly answers: readonly Uint8Array[]
    }

const kinds = ['swarm', 'state', 'documents', 'apply', 'prove', 'proved'] as const
const headBytes = 33
const placesMax = 32
const placeLettersMax = 300
const cardBytesMax = 64 * 1024
const numberMax = 0xffff_ffff
export const tokenBytes = 16

export function encodeMessage(branch: string, message: BranchMessage): Uint8Array {
  const head = concatBytes(fromHex(branch), Uint8Array.of(kinds.indexOf(message.kind)))
  return concatBytes(head, message.kind === 'swarm' ? message.bytes : encodeCbor(partsOf(message)))
}

/** For which branch a message is; undefined where it is too short to say. */
export function branchOfMessage(bytes: Uint8Array): string | undefined {
  return bytes.length > headBytes ? toHex(bytes.subarray(0, 32)) : undefined
}

/** Strict: throws a fault for what is no message. */
export function parseMessage(bytes: Uint8Array): BranchMessage {
  const kind = kinds[bytes[32] ?? -1]
  const body = bytes.subarray(headBytes)
  if (kind === undefined) throw new Fault('invalid.kind', 'That is no message of a branch.')
  if (kind === 'swarm') return { kind, bytes: body }
  return readParts(kind, readArray(decodeCbor(body, 'A message'), 'A message', { max: 8 }))
}

function partsOf(message: Exclude<BranchMessage, { kind: 'swarm' }>): readonly unknown[] {
  switch (message.kind) {
    case 'state':
      return [message.tag, message.places, message.isAsking]
    case 'documents':
      return [message.documents, message.secret ?? null, message.isAsking]
    case 'apply': {
      const { nodeKey, holder, card, signature } = message.applicant
      return [message.endMs, message.token, nodeKey, holder, card, signature]
    }
    case 'prove':
      return [message.number, message.nonce, concatBytes(...message.digests)]
    case 'proved':
      return [message.number, message.body, message.signature, concatBytes(...message.answers)]
    default:
      return message satisfies never
  }
}

function readParts(
  kind: Exclude<BranchMessage['kind'], 'swarm'>,
  [a, b, c, d, e, f]: readonly unknown[],
): BranchMessage {
  switch (kind) {
    case 'state':
      return {
        kind,
        tag: readBytes(a, 'Its tag', { length: 32 }),
        places: readArray(b, 'Its places', { max: placesMax }).map((place) =>
          readText(place, 'A place', { max: placeLettersMax }),
        ),
        isAsking: c === true,
      }
    case 'documents':
      return {
        kind,
        documents: readBytes(a, 'Its documents', { max: documentsBytesMax }),
        secret: b === null ? undefined : readBytes(b, 'Its secret', { length: 32 }),
        isAsking: c === true,
      }
    case 'apply':
      return {
        kind,
        endMs: readInt(a, 'Its end'),
        token: readBytes(b, 'Its token', { length: tokenBytes }),
        applicant: {
          nodeKey: readBytes(c, 'Its node', { length: 32 }),
          holder: readText(d, 'Its holder', { max: 2048 }),
          card: readBytes(e, 'Its card', { max: cardBytesMax }),
          signature: readBytes(f, 'Its signature', { max: 4096 }),
        },
      }
    case 'prove':
      return {
        kind,
        number: readInt(a, 'Its number', { max: numberMax }),
        nonce: readBytes(b, 'Its nonce', { length: custodyNonceBytes }),
        digests: readDigests(c),
      }
    case 'proved':
      return {
        kind,
        number: readInt(a, 'Its number', { max: numberMax }),
        body: readBytes(b, 'Its statement', { max: 16 * 1024 }),
        signature: readBytes(c, 'Its signature', { length: 64 }),
        answers: readDigests(d),
      }
    default:
      return kind satisfies never
  }
}

function readDigests(value: unknown): Uint8Array[] {
  const bytes = readBytes(value, 'Its blocks', { max: custodyDigestsMax * 32 })
  if (bytes.length % 32 !== 0) throw new Fault('invalid.shape', 'The names of blocks are not whole.')
  return splitDigests(bytes)
}

/** One line that a member gives to whoever is to come into the branch. */
export type BranchLine = {
  readonly branch: string
  /** An invitation to a member's node. */
  readonly place: string
  readonly endMs: number
  /** Only members can make it, so that nobody else can ask. */
  readonly token: Uint8Array
}

const scheme = 'anarq-branch:'
export const branchLineLettersMax = 1000

export function writeBranchLine({ branch, place, endMs, token }: BranchLine): string {
  return scheme + toBase64Url(encodeCbor({ v: 1, branch: fromHex(branch), place, end: endMs, token }))
}

export function parseBranchLine(text: string): BranchLine {
  try {
    if (!text.startsWith(scheme) || text.length > branchLineLettersMax) throw malformed()
    const decoded = decodeCbor(fromBase64Url(text.slice(scheme.length)), 'A line')
    const fields = readFields(decoded, ['v', 'branch', 'place', 'end', 'token'], 'A line')
    readInt(fields.v, 'Its version', { min: 1, max: 1 })
    return {
      branch: toHex(readBytes(fields.branch, 'Its branch', { length: 32 })),
      place: readText(fields.place, 'Its place', { max: placeLettersMax }),
      endMs: readInt(fields.end, 'Its end'),
      token: readBytes(fields.token, 'Its token', { length: tokenBytes }),
    }
  } catch {
    throw malformed()
  }
}

function malformed(): Fault {
  return new Fault(
    'invalid.invitation',
    'That is no whole line into a branch: copy it again, from "anarq-branch:" to its end.',
  )
}
