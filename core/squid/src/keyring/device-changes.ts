import { Fault } from '@anarq/fault'
import type { Signer } from '@anarq/qlock'
import { certifyDevice, type DeviceRecord, type Enrolment, enrolmentInside, enrolmentOf } from '../devices.ts'
import { type KeyringCore, requireOwn, withSigner } from './core.ts'
import { writeLog } from './log-changes.ts'
import type { IdentityRecord } from './record.ts'

/** Certifies a device: this one, or another that handed over its keys. */
export function addDevice(core: KeyringCore, did: string, enrolment?: Enrolment): DeviceRecord {
  const record = requireOwn(core, did)
  const device = withSigner(core, record, record.epoch, (signer) =>
    enrolment === undefined
      ? certifyThis(core, did, signer)
      : certifyDevice({ did, signer }, enrolment, { nowMs: core.clock.nowMs() }),
  )
  if (record.devices.some(({ id, status }) => id === device.id && status === 'revoked')) {
    throw new Fault('refused.revoked', 'This device was revoked. It needs new keys before it can come back.')
  }
  const others = record.devices.filter(({ id }) => id !== device.id)
  core.put({ ...record, devices: [...others, device] })
  return device
}

/** In a did:squid log the revocation is public; of a did:peer identity only the record knows, until the certificate ends. */
export function revokeDevice(core: KeyringCore, did: string, deviceId: string): IdentityRecord {
  const record = requireOwn(core, did)
  if (!record.devices.some(({ id }) => id === deviceId)) {
    throw new Fault('missing.device', 'This identity has no such device.')
  }
  const devices = record.devices.map((device) =>
    device.id === deviceId ? { ...device, status: 'revoked' as const } : device,
  )
  const marked = { ...record, devices }
  if (record.log === undefined) return core.put(marked)
  const nowMs = core.clock.nowMs()
  const isOver = (id: string) => devices.some((device) => device.id === id && device.expiresMs <= nowMs)
  return core.put(
    writeLog(core, marked, ({ revokedDevices }) => ({
      revokedDevices: [...new Set([...revokedDevices, deviceId])].filter((id) => !isOver(id)),
    })),
  )
}

export function certifyThis(core: KeyringCore, did: string, signer: Signer): DeviceRecord {
  return certifyDevice({ did, signer }, enrolmentOf(core.device, did), { nowMs: core.clock.nowMs() })
}

/** A device that the identity's new keys certify as the old ones did. */
export function recertify(
  core: KeyringCore,
  did: string,
  signer: Signer,
  device: DeviceRecord,
): DeviceRecord {
  if (device.status === 'revoked') return device
  const fresh = certifyDevice({ did, signer }, enrolmentInside(device), { nowMs: core.clock.nowMs() })
  return { ...fresh, createdMs: device.createdMs }
}
