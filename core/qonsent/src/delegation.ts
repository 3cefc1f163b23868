import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
  readOptional,
} from '@anarq/ipld'
import { cidOf, signatureBytes } from '@anarq/qlock'
import { type Command, type Did, readCommand, readDid } from './command.ts'
import { type Conditions, type PolicyStatement, readConditions } from './statement.ts'

/** What its issuer says. Times are whole seconds since 1970; `exp: null` never ends. */
export type DelegationFields = {
  /** Who may. */
  readonly aud: Did
  /** Whose things these are: the owner at the root of the chain. */
  readonly sub: Did
  readonly cmd: Command
  /** Every statement must hold for the arguments of a request. */
  readonly pol: readonly PolicyStatement[]
  /** 8 to 64 bytes that make two otherwise equal permissions two. */
  readonly nonce: Uint8Array
  /** `uses` limits how often; the rest is for people and programs and gives no authority. */
  readonly meta?: Readonly<Record<string, unknown>>
  readonly nbf?: number
  readonly exp: number | null
}

declare const parsed: unique symbol

/** A delegation that was read and found well-formed; its signature is checked with its chain. Made by `parseDelegation` only. */
export type Delegation = DelegationFields & {
  readonly [parsed]: true
  readonly cid: Cid
  /** Who gives. */
  readonly iss: Did
  readonly usesMax?: number
  readonly conditions: Conditions
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
  readonly signedBytes: Uint8Array
}

export type SealOptions = { readonly did: Did; sign(message: Uint8Array, context: string): Uint8Array }

export const delegationBytesMax = 16_384
/** The signature's domain: no other signed thing of AnarQ can be read as a permission. */
export const delegationContext = 'anarq/qonsent/delegation/1'

const tag = 'ucan/dlg@1.0.0'
const payloadKeys = ['iss', 'aud', 'sub', 'cmd', 'pol', 'nonce', 'meta', 'nbf', 'exp'] as const
/**
 * Varsig v1 (https://github.com/ChainAgnostic/varsig): prefix 0x34, version 1, our suite 1 under multicodec's private
 * use (0x300001 = composite ML-DSA-65 + Ed25519), SHA2-512 (0x13), DAG-CBOR (0x71).
 */
const varsig = new Uint8Array([0x34, 0x01, 0x81, 0x80, 0xc0, 0x01, 0x13, 0x71])
/** Canonical bytes before the signed part: a list of two, then a byte string with a two-byte length. */
const signedFrom = 1 + 3 + signatureBytes

/** Signs a permission in the UCAN 1.0 envelope (https://github.com/ucan-wg/spec, "Envelope"). Throws as `parseDelegation` does. */
export function sealDelegation(
  fields: DelegationFields,
  { did, sign }: SealOptions,
): { bytes: Uint8Array; cid: Cid; delegation: Delegation } {
  const { aud, sub, cmd, pol, nonce, meta, nbf, exp } = fields
  const payload = {
    iss: did,
    aud,
    sub,
    cmd,
    pol,
    nonce,
    exp,
    ...(meta === undefined ? {} : { meta }),
    ...(nbf === undefined ? {} : { nbf }),
  }
  const signed = { h: varsig, [tag]: payload }
  const bytes = encodeCbor([sign(encodeCbor(signed), delegationContext), signed])
  const delegation = parseDelegation(bytes)
  return { bytes, cid: delegation.cid, delegation }
}

/**
 * Reads a permission strictly: canonical bytes, known fields, limits. Throws `limit.delegation`, `limit.policy`,
 * `invalid.*`. A powerline (`sub: null`) and a signature of another suite are refused.
 */
export function parseDelegation(input: Uint8Array): Delegation {
  if (input.length > delegationBytesMax) {
    throw new Fault('limit.delegation', `This permission has more than ${delegationBytesMax} bytes.`)
  }
  const what = 'This permission'
  // A copy, so that what is verified later is what is read now.
  const bytes = new Uint8Array(input)
  const envelope = readArray(decodeCbor(bytes, what), what, { max: 2 })
  if (envelope.length !== 2) throw new Fault('invalid.delegation', `${what} is not a signed envelope.`)
  const signed = readFields(envelope[1], ['h', tag], what)
  if (!equalBytes(readBytes(signed.h, `${what}'s signature header`, { max: 32 }), varsig)) {
    throw new Fault('invalid.suite', `${what} is signed with a suite that this version does not know.`)
  }
  return {
    ...readPayload(signed[tag]),
    bytes,
    cid: cidOf(cborCodec, bytes),
    signature: readBytes(envelope[0], `${what}'s signature`, { length: signatureBytes }),
    signedBytes: bytes.subarray(signedFrom),
  } as Delegation
}

function readPayload(value: unknown): DelegationFields & Pick<Delegation, 'iss' | 'conditions'> {
  const fields = readFields(value, payloadKeys, 'This permission')
  if (fields.sub === null) {
    throw new Fault(
      'invalid.powerline',
      'This permission names no owner (a powerline), which AnarQ does not accept.',
    )
  }
  const conditions = readConditions(fields.pol)
  const meta = readOptional(fields.meta, readMeta)
  const nbf = readOptional(fields.nbf, (seconds) => readSeconds(seconds, 'The start'))
  const usesMax = readOptional(meta?.uses, (uses) => readInt(uses, 'The number of uses', { min: 1 }))
  const nonce = readBytes(fields.nonce, "This permission's nonce", { max: 64 })
  if (nonce.length < 8) throw new Fault('invalid.shape', "This permission's nonce has fewer than 8 bytes.")
  return {
    iss: readDid(fields.iss, 'The issuer'),
    aud: readDid(fields.aud, 'The receiver'),
    sub: readDid(fields.sub, 'The owner'),
    cmd: readCommand(fields.cmd, "This permission's action"),
    pol: conditions.statements,
    conditions,
    nonce,
    exp: fields.exp === null ? null : readSeconds(fields.exp, 'The end'),
    ...(meta === undefined ? {} : { meta }),
    ...(nbf === undefined ? {} : { nbf }),
    ...(usesMax === undefined ? {} : { usesMax }),
  }
}

function readMeta(value: unknown): Readonly<Record<string, unknown>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return readFields(value, isMap ? Object.keys(value) : [], "This permission's notes")
}

/** Up to the year 9999, so that milliseconds stay whole numbers too. */
function readSeconds(value: unknown, what: string): number {
  return readInt(value, `${what} of this permission`, { max: 253_402_300_799 })
}
