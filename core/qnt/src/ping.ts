import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  decodeCbor,
  encodeCbor,
  type Fields,
  readArray,
  readBytes,
  readCid,
  readFields,
  readOptional,
  readText,
} from '@anarq/ipld'
import { lightSignatureBytes } from '@anarq/qlock'
import { asObjectId, type ObjectId, objectIdBytes } from './envelope.ts'
import { readDid, reading, readTimeMs } from './parse.ts'

/** The small reference that is passed around in place of the data. It opens nothing by itself. */
export type Ping = {
  readonly id: ObjectId
  /** The newest version, or the envelope of one. */
  readonly version: 'latest' | Cid
  /** DID of who shares it. */
  readonly owner: string
  /** DID of who may ask with it. */
  readonly audience: string
  /** Where to ask, best first: at most 8 addresses. */
  readonly where: readonly string[]
  /** The delegation that it rests on; its hybrid signature is what outlasts quantum computers. */
  readonly grant: Cid
  /** `hashTerms` of the terms that were agreed. */
  readonly termsHash: Uint8Array
  readonly issuedMs: number
  readonly expiresMs?: number
}

export type ParsedPing = {
  readonly ping: Ping
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
  /** What the signature is over: the file without the signature field. */
  readonly signedBytes: Uint8Array
}

export const pingBytesMax = 1024
/** The context to give to qlock's `signEd25519` and `verifyEd25519`. */
export const pingContext = 'q/v1/ping'

const magic = fromUtf8('QPING1\n')
const whereMax = 8
/** An invitation with all that fits into one. */
const placeLettersMax = 400
const pingKeys = [
  'id',
  'version',
  'owner',
  'audience',
  'where',
  'grant',
  'terms',
  'issued',
  'expires',
  'signature',
]
const advice = 'Ask for the ping file again.'

/** A whole ping file. Throws `invalid.ping` for what could not be read back, `limit.ping` over 1,024 bytes. */
export function makePing(ping: Ping, signEd25519: (message: Uint8Array) => Uint8Array): Uint8Array {
  const fields = pingFields(ping)
  reading('invalid.ping', 'Nothing was signed.', () => readPing(fields))
  const signature = signEd25519(withMagic(fields))
  const file = withMagic({ ...fields, signature })
  if (signature.length !== lightSignatureBytes) {
    throw new Fault('invalid.ping', `A ping file is signed with ${lightSignatureBytes} bytes of Ed25519.`)
  }
  if (file.length <= pingBytesMax) return file
  throw new Fault('limit.ping', `A ping file has at most ${pingBytesMax} bytes. Name fewer places to ask.`)
}

/** Strict: anything but the one canonical form of at most 1,024 bytes is `invalid.ping`. Verifies no signature. */
export function parsePing(bytes: Uint8Array): ParsedPing {
  return reading('invalid.ping', advice, () => {
    if (bytes.length > pingBytesMax) {
      throw new Fault('invalid.shape', `This is not a ping file, which has at most ${pingBytesMax} bytes.`)
    }
    if (!equalBytes(bytes.subarray(0, magic.length), magic)) {
      throw new Fault('invalid.shape', 'This is not a ping file.')
    }
    const fields = readFields(decodeCbor(bytes.slice(magic.length), 'A ping file'), pingKeys, 'A ping file')
    const { signature, ...signed } = fields
    return {
      ping: readPing(signed),
      signature: readBytes(signature, "A ping's signature", { length: lightSignatureBytes }),
      signedBytes: withMagic(signed),
    }
  })
}

/** Whether the key behind `verify` signed it. Time, audience and grant are for whoever is asked to judge. */
export function verifyPing(
  { signature, signedBytes }: ParsedPing,
  verify: (message: Uint8Array, signature: Uint8Array) => boolean,
): boolean {
  return verify(signedBytes, signature)
}

function withMagic(fields: Fields): Uint8Array {
  return concatBytes(magic, encodeCbor(fields))
}

function pingFields(ping: Ping): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    id: ping.id,
    version: ping.version,
    owner: ping.owner,
    audience: ping.audience,
    where: ping.where,
    grant: ping.grant,
    terms: ping.termsHash,
    issued: ping.issuedMs,
  }
  if (ping.expiresMs !== undefined) fields.expires = ping.expiresMs
  return fields
}

function readPing(fields: Fields): Ping {
  const expiresMs = readOptional(fields.expires, (ms) => readTimeMs(ms, "A ping's expiry"))
  return {
    id: asObjectId(readBytes(fields.id, "A ping's object id", { length: objectIdBytes })),
    version: fields.version === 'latest' ? 'latest' : readVersion(fields.version),
    owner: readDid(fields.owner, "A ping's owner"),
    audience: readDid(fields.audience, "A ping's audience"),
    where: readArray(fields.where, "A ping's places", { max: whereMax }).map((place) =>
      readText(place, "A ping's place", { max: placeLettersMax }),
    ),
    grant: readCid(fields.grant, "A ping's grant"),
    termsHash: readBytes(fields.terms, "A ping's terms", { length: 32 }),
    issuedMs: readTimeMs(fields.issued, "A ping's time"),
    ...(expiresMs === undefined ? {} : { expiresMs }),
  }
}

function readVersion(value: unknown): Cid {
  const cid = readCid(value, "A ping's version")
  if (cid.code === cborCodec) return cid
  throw new Fault('invalid.shape', "A ping's version is malformed: expected the CID of an envelope.")
}
