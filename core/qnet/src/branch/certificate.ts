import { fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields, readInt } from '@anarq/ipld'
import { readDid } from './signed.ts'

/** Binds a node, and who holds it, to a branch for a time. */
export type MemberCertificate = {
  /** Hexadecimal. */
  readonly branch: string
  /** Ed25519: the node's own. */
  readonly nodeKey: Uint8Array
  readonly holder: string
  readonly fromMs: number
  readonly untilMs: number
}

/** Ends one certificate before its time, for good; all admins who want it sign the same bytes. The node may get another certificate. */
export type Revocation = {
  readonly branch: string
  /** The name of the certificate. */
  readonly certificate: Uint8Array
}

const certificateKind = 'branch certificate'
const revocationKind = 'branch revocation'

export function encodeCertificate(certificate: MemberCertificate): Uint8Array {
  const { branch, nodeKey, holder, fromMs, untilMs } = certificate
  const body = encodeCbor({
    v: 1,
    what: certificateKind,
    branch: fromHex(branch),
    node: nodeKey,
    holder,
    from: fromMs,
    until: untilMs,
  })
  parseCertificate(body)
  return body
}

export function parseCertificate(body: Uint8Array): MemberCertificate {
  const what = 'A certificate of membership'
  const known = ['v', 'what', 'branch', 'node', 'holder', 'from', 'until']
  const fields = readFields(decodeCbor(body, what), known, what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  const certificate = {
    branch: toHex(readBytes(fields.branch, 'Its branch', { length: 32 })),
    nodeKey: readBytes(fields.node, 'Its node', { length: 32 }),
    holder: readDid(fields.holder, 'Its holder'),
    fromMs: readInt(fields.from, 'Its beginning'),
    untilMs: readInt(fields.until, 'Its end'),
  }
  if (fields.what !== certificateKind || certificate.untilMs <= certificate.fromMs)
    throw new Fault('invalid.certificate', 'That is no certificate of membership.')
  return certificate
}

export function encodeRevocation({ branch, certificate }: Revocation): Uint8Array {
  return encodeCbor({ v: 1, what: revocationKind, branch: fromHex(branch), certificate })
}

export function parseRevocation(body: Uint8Array): Revocation {
  const what = 'A revocation'
  const fields = readFields(decodeCbor(body, what), ['v', 'what', 'branch', 'certificate'], what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  if (fields.what !== revocationKind)
    throw new Fault('invalid.revocation', 'That is no revocation of a membership.')
  return {
    branch: toHex(readBytes(fields.branch, 'Its branch', { length: 32 })),
    certificate: readBytes(fields.certificate, 'Its certificate', { length: 32 }),
  }
}
