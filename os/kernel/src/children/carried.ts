import { concatBytes, equalBytes, fromBase64Url, fromUtf8, toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { hashBlake3, kemPublicKeyBytes, verifyKeyBytes } from '@anarq/qlock'
import type { Enrolment } from '@anarq/squid'

/**
 * What is carried between a child's device and its guardians: one line of text, its kind in front, with a checksum, so
 * that what was cut short on the way is told from what is not allowed.
 */
export type CarriedKind = 'device' | 'invitation' | 'delegation' | 'release' | 'share'

export type Carried<K extends CarriedKind = CarriedKind> = { readonly kind: K; readonly bytes: Uint8Array }

const kinds = {
  device: "the file of a child's device (anarq id enrol)",
  invitation: 'an invitation (anarq id new --kind child)',
  delegation: "a guardian's renewal (anarq id renew)",
  release: "a guardian's release (anarq id release)",
  share: "a guardian's share",
} as const satisfies Record<CarriedKind, string>

const checksumBytes = 8
const charactersMax = 1024 * 1024

export function writeCarried(kind: CarriedKind, bytes: Uint8Array): string {
  return `anarq-${kind}-1:${toBase64Url(concatBytes(checksumOf(kind, bytes), bytes))}`
}

/** `invalid.file` for something else than what is wanted, `damaged.file` for what was changed by accident. */
export function readCarried<K extends CarriedKind>(text: string, ...wanted: readonly K[]): Carried<K> {
  const line = text.length <= charactersMax ? text.trim() : ''
  const known = Object.keys(kinds) as CarriedKind[]
  const kind = known.find((one) => line.startsWith(`anarq-${one}-1:`))
  const isWanted = (one: CarriedKind | undefined): one is K => wanted.some((want) => want === one)
  if (!isWanted(kind)) {
    const expected = wanted.map((one) => kinds[one]).join(', or ')
    const found = kind === undefined ? 'This is' : `This is ${kinds[kind]},`
    throw new Fault('invalid.file', `${found} not what is needed here: ${expected}.`)
  }
  const whole = decode(line.slice(line.indexOf(':') + 1))
  const bytes = whole.slice(checksumBytes)
  if (equalBytes(whole.subarray(0, checksumBytes), checksumOf(kind, bytes))) return { kind, bytes }
  throw damaged()
}

export function writeEnrolment({ name, verifyKey: key, kemKey: kem }: Enrolment): string {
  return writeCarried('device', encodeCbor({ v: 1, name, key, kem }))
}

export function readEnrolment(text: string): Enrolment {
  const what = "The file of the child's device"
  const { bytes } = readCarried(text, 'device')
  const fields = readFields(decodeCbor(bytes, what), ['v', 'name', 'key', 'kem'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  return {
    name: readText(fields.name, what, { max: 200 }),
    verifyKey: readBytes(fields.key, what, { length: verifyKeyBytes }),
    kemKey: readBytes(fields.kem, what, { length: kemPublicKeyBytes }),
  }
}

/** A delegation, and the guardian's public identity as it is now: its keys may have changed since the last one. */
export type Renewal = { readonly delegation: Uint8Array; readonly guardian: Uint8Array }

export function writeRenewal({ delegation, guardian }: Renewal): string {
  return writeCarried('delegation', encodeCbor({ v: 1, delegation, guardian }))
}

export function readRenewal(bytes: Uint8Array): Renewal {
  const what = 'This renewal'
  const fields = readFields(decodeCbor(bytes, what), ['v', 'delegation', 'guardian'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  return { delegation: readBytes(fields.delegation, what), guardian: readBytes(fields.guardian, what) }
}

function checksumOf(kind: CarriedKind, bytes: Uint8Array): Uint8Array {
  return hashBlake3(concatBytes(fromUtf8(`anarq ${kind} file`), bytes)).subarray(0, checksumBytes)
}

function decode(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch {
    throw damaged()
  }
}

function damaged(): Fault {
  return new Fault(
    'damaged.file',
    'This file was changed or cut short on the way. Carry it over again, or make it again.',
  )
}
