import { toBase64Url } from '@anarq/bytes'
import { asFault, Fault, failed, type Outcome, ok } from '@anarq/fault'
import { readBytes, readFields, readInt, readText } from '@anarq/ipld'
import {
  createKemKey,
  createSigner,
  deriveSecret,
  hashBlake3,
  type KemKey,
  kemPublicKeyBytes,
  type Signer,
  verifyKeyBytes,
  wipe,
} from '@anarq/qlock'
import type { Random } from '@anarq/random'
import type { PublicIdentity } from './did/public-identity.ts'
import { checkStatement, readStatement, sealStatement } from './statement.ts'

/** One machine or browser: a random secret that never leaves it and that no words bring back. */
export type Device = { readonly secret: Uint8Array; readonly name: string }

/** The keys of a device for one identity. Each identity sees other keys, so devices link no two of them. */
export type DeviceKeys = {
  readonly id: string
  readonly signer: Signer
  readonly kem: KemKey
  dispose(): void
}

/** What a device hands over to be certified. */
export type Enrolment = {
  readonly name: string
  readonly verifyKey: Uint8Array
  readonly kemKey: Uint8Array
}

export type DeviceRecord = {
  readonly id: string
  readonly name: string
  readonly createdMs: number
  readonly expiresMs: number
  readonly status: 'active' | 'revoked'
  readonly certificate: Uint8Array
}

export const deviceSecretBytes = 32
export const deviceNameCharactersMax = 100
const deviceTtlMsMax: number = 366 * 86_400_000
const dayMs = 86_400_000
const what = 'This device certificate'

export function createDevice(name: string, random: Random): Device {
  return { name: checkDeviceName(name), secret: random.bytes(deviceSecretBytes) }
}

/** `scope` is the DID that the keys are for, or `childScope` on a device that is to become a child's. */
export function deviceKeysOf(device: Device, scope: string): DeviceKeys {
  const leaf = deriveSecret(device.secret, `q/v1/device/${scope}`)
  try {
    const signer = createSigner(leaf)
    const kem = createKemKey(leaf)
    return {
      id: deviceIdOf(signer.publicKey),
      signer,
      kem,
      dispose() {
        signer.dispose()
        kem.dispose()
      },
    }
  } finally {
    wipe(leaf)
  }
}

/** A child's device makes its keys before the child has a DID, and has one child only. */
export const childScope = 'child'

/** What this device hands over to be certified for a DID (or, with `childScope`, to become a child's device). */
export function enrolmentOf(device: Device, scope: string): Enrolment {
  const keys = deviceKeysOf(device, scope)
  keys.dispose()
  return { name: device.name, verifyKey: keys.signer.publicKey, kemKey: keys.kem.publicKey }
}

/** The BLAKE3 of the verify key, 43 characters. */
export function deviceIdOf(verifyKey: Uint8Array): string {
  return toBase64Url(hashBlake3(verifyKey))
}

/** Signed by the identity: these are the keys of a device of mine, from the start of today (UTC) for at most a year. */
export function certifyDevice(
  { did, signer }: { readonly did: string; readonly signer: Signer },
  { name, verifyKey, kemKey }: Enrolment,
  { nowMs, ttlMs = 365 * dayMs }: { nowMs: number; ttlMs?: number },
): DeviceRecord {
  if (verifyKey.length !== verifyKeyBytes || kemKey.length !== kemPublicKeyBytes) {
    throw new Fault('invalid.enrolment', 'This device did not hand over the keys that a device has.')
  }
  // Whole days, so that certificates made in one moment for two identities do not share that moment.
  const nbf = Math.floor(nowMs / dayMs) * dayMs
  const exp = nbf + Math.min(ttlMs, deviceTtlMsMax)
  const fields = { v: 1, sub: did, key: verifyKey, kem: kemKey, nbf, exp }
  return {
    id: deviceIdOf(verifyKey),
    name: checkDeviceName(name),
    createdMs: nowMs,
    expiresMs: exp,
    status: 'active',
    certificate: sealStatement('device', fields, signer),
  }
}

export type CertifiedDevice = {
  readonly did: string
  readonly id: string
  readonly verifyKey: Uint8Array
  readonly kemKey: Uint8Array
  readonly expiresMs: number
}

/**
 * The device keys, where the identity's current key certified exactly them and the certificate holds now. Codes:
 * `refused.signature`, `refused.expired`, `refused.revoked`.
 */
export function verifyDevice(
  certificate: Uint8Array,
  identity: PublicIdentity,
  nowMs: number,
): Outcome<CertifiedDevice> {
  try {
    const { device, nbfMs, statement } = readCertificate(certificate)
    const signed = checkStatement('device', statement, identity.verifyKey, what)
    if (!signed.ok) return signed
    if (device.did !== identity.did) {
      return failed('refused.signature', 'This device certificate is of another identity.')
    }
    if (nowMs < nbfMs || nowMs >= device.expiresMs) {
      return failed('refused.expired', 'This device certificate does not hold now. Certify the device again.')
    }
    if (identity.hasEnded || identity.revokedDevices.includes(device.id)) {
      return failed('refused.revoked', 'This device was revoked by its owner.')
    }
    return ok(device)
  } catch (thrown) {
    return { ok: false, fault: asFault(thrown) }
  }
}

/** The enrolment inside a certificate of our own, to certify the same device again after a rotation. */
export function enrolmentInside({ certificate, name }: DeviceRecord): Enrolment {
  const { device } = readCertificate(certificate)
  return { name, verifyKey: device.verifyKey, kemKey: device.kemKey }
}

function readCertificate(bytes: Uint8Array): {
  device: CertifiedDevice
  nbfMs: number
  statement: ReturnType<typeof readStatement>
} {
  const statement = readStatement(bytes, what)
  const fields = readFields(statement.fields, ['v', 'sub', 'key', 'kem', 'nbf', 'exp'], what)
  readInt(fields.v, what, { min: 1, max: 1 })
  const verifyKey = readBytes(fields.key, what, { length: verifyKeyBytes })
  const nbfMs = readInt(fields.nbf, what)
  const expiresMs = readInt(fields.exp, what, { max: nbfMs + deviceTtlMsMax })
  const kemKey = readBytes(fields.kem, what, { length: kemPublicKeyBytes })
  const did = readText(fields.sub, what, { max: 256 })
  return { device: { did, id: deviceIdOf(verifyKey), verifyKey, kemKey, expiresMs }, nbfMs, statement }
}

function checkDeviceName(name: string): string {
  if (name.length > 0 && name.length <= deviceNameCharactersMax) return name
  throw new Fault('invalid.name', `A device has a name of 1 to ${deviceNameCharactersMax} characters.`)
}
