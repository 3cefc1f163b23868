import { Fault } from '@anarq/fault'
import type { IdentityRecord, Keyring } from '@anarq/squid'
import { childFacts } from './children/limits.ts'
import type { IdentityFacts } from './operations.ts'

/** By DID, or by a name that only one has; empty: the one in use. */
export function findIdentity(keyring: Keyring, ref: string): IdentityRecord {
  if (ref === '') return keyring.record(keyring.current())
  const found = keyring.list().filter(({ did, name }) => did === ref || name === ref)
  if (found.length === 1) return found[0] as IdentityRecord
  if (found.length > 1)
    throw new Fault(
      'conflict.name',
      `${found.length} identities are called "${ref}". Say which by its DID: anarq id list`,
    )
  throw new Fault('missing.identity', `There is no identity "${ref}" here. See them with: anarq id list`)
}

export function factsOf(record: IdentityRecord, keyring: Keyring): IdentityFacts {
  return {
    did: record.did,
    name: record.name,
    kind: record.kind,
    epoch: record.epoch,
    createdMs: record.createdMs,
    status: record.status,
    isCurrent: keyring.current() === record.did,
    formerly: record.formerly.map(({ did }) => did),
    devices: record.devices.map(({ id, name, status }) => ({ id, name, isRevoked: status === 'revoked' })),
    ...(record.child === undefined ? {} : { child: childFacts(record.child) }),
  }
}
