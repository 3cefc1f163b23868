import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { Fault, unwrap } from '@anarq/fault'
import {
  encodePublicIdentity,
  type IdentityRecord,
  type Keyring,
  type PublicIdentity,
  parsePublicIdentity,
} from '@anarq/squid'
import type { Account } from './account.ts'
import type { Directory } from './directory.ts'
import type { IdentityFacts, IdentityOperations } from './operations.ts'
import type { KernelPorts } from './ports.ts'

export type IdentitiesContext = {
  account: Account
  directory: Directory
  ports: KernelPorts
  /** Acts while nothing of an identity is open, so that its keys may change. */
  withoutOffice<T>(did: string, act: () => T): Promise<T>
  /** The keyring changed: make it durable, and introduce who is in it. */
  onChanged(): Promise<void>
  /** Keeps somebody's card among the records of the identity in use. */
  keepContact(identity: PublicIdentity): Promise<void>
}

const cardPrefix = 'anarq-card-1:'

export function createIdentities({
  account,
  directory,
  ports,
  withoutOffice,
  onChanged,
  keepContact,
}: IdentitiesContext): IdentityOperations {
  const facts = (record: IdentityRecord): IdentityFacts => factsOf(record, account.keyring())
  return {
    async list() {
      return account.keyring().list().map(facts)
    },
    async create({ kind, name }) {
      if (kind === 'child') {
        throw new Fault(
          'invalid.kind',
          "A child's identity is made for the child's own device. Run on that device: anarq id enrol, then here: anarq id new --kind child --device FILE",
        )
      }
      const record = account.keyring().create({ kind, name })
      await onChanged()
      return facts(record)
    },
    async show(ref) {
      const keyring = account.keyring()
      const record = findIdentity(keyring, ref)
      using open = keyring.open(record.did)
      return { ...facts(record), card: cardOf(open.public()) }
    },
    async use(ref) {
      const keyring = account.keyring()
      keyring.use(findIdentity(keyring, ref).did)
      await onChanged()
      return facts(keyring.record(keyring.current()))
    },
    async rotate(ref) {
      const keyring = account.keyring()
      const { did } = findIdentity(keyring, ref)
      const { record } = await withoutOffice(did, () => keyring.rotate(did))
      await onChanged()
      return facts(record)
    },
    async revoke(ref, device) {
      const keyring = account.keyring()
      const { did } = findIdentity(keyring, ref)
      const record = await withoutOffice(did, () =>
        device === undefined ? keyring.revoke(did) : keyring.revokeDevice(did, device),
      )
      await onChanged()
      return facts(record)
    },
    drill: async (words) => account.isWords(words),
    async learn(card) {
      account.keyring()
      const identity = unwrap(parsePublicIdentity(readCard(card), { nowMs: ports.clock.nowMs() }))
      directory.add(identity)
      await keepContact(identity)
      return { did: identity.did }
    },
  }
}

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

/** What one gives to others so that they can share with one: one line of text. */
function cardOf(identity: PublicIdentity): string {
  return cardPrefix + toBase64Url(encodePublicIdentity(identity))
}

function readCard(card: string): Uint8Array {
  const text = card.trim()
  try {
    if (text.startsWith(cardPrefix)) return fromBase64Url(text.slice(cardPrefix.length))
  } catch {
    // Falls to the same sentence: the text is no card.
  }
  throw new Fault(
    'invalid.card',
    'This is not the card of an identity. Ask for it again; it is one line that begins with "anarq-card-1:".',
  )
}

function factsOf(record: IdentityRecord, keyring: Keyring): IdentityFacts {
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
  }
}
