import { unwrap } from '@anarq/fault'
import type { Guardian } from '@anarq/qerberos'
import type { IdentityState } from '@anarq/qonsent'
import { type IdentityRecord, type PublicIdentity, parsePublicIdentity } from '@anarq/squid'
import type { Account } from './account.ts'
import type { CardVerifier } from './branches/verifying.ts'
import { decidable } from './children/limits.ts'
import { actingIdentity, checkDelegated, livesHere } from './children/ward.ts'
import type { Directory } from './directory.ts'
import type { Quota } from './health/quota.ts'
import type { Sweeper } from './health/sweeper.ts'
import { contactsOf, keepKeyring } from './home-records.ts'
import { type Office, openOffice } from './office.ts'
import { createOffices } from './offices.ts'
import type { KernelPorts } from './ports.ts'
import type { SpaceEntry } from './space.ts'

/** The identities of one home at work: one office for each whose keys are here, opened once. */
export type Home = {
  /** Those whose keys are here. */
  residents(): readonly IdentityRecord[]
  officeOf(did: string): Promise<Office>
  /** The office of the identity in use. */
  current(): Promise<Office>
  /** The same for whoever acts: throws where a child's device was not renewed. */
  acting(): Promise<Office>
  /** Writes down what the identity in use did. */
  note(entry: SpaceEntry): Promise<void>
  /** Lets this home verify somebody whose card it was given. */
  meet(identity: PublicIdentity): void
  /** Lets this home verify everybody it knows: its own identities, and those whose cards it was given. */
  introduce(): Promise<void>
  /** The keyring changed: makes it durable, and introduces who is in it. */
  onChanged(): Promise<void>
  /** Acts while nothing of an identity is open: what it still has to write is signed with the keys that it has before. */
  withoutOffice<T>(did: string, act: () => T): Promise<T>
  /** Keys of the root that its log does not show yet count too, until the act is over. */
  withKeysAhead<T>(keys: readonly Uint8Array[], act: () => Promise<T>): Promise<T>
  closeOffices(): Promise<void>
}

export type HomeOptions = {
  account: Account
  directory: Directory
  guardian: Guardian
  ports: KernelPorts
  sweeper: Sweeper
  quota: Quota
  /** An index ends elsewhere than before: others should keep what it stands on. */
  onCommit(): void
  verifierOf: CardVerifier
}

export function createHome(options: HomeOptions): Home {
  const { account, directory, guardian, ports, sweeper, quota, onCommit, verifierOf } = options
  let keysAhead: readonly Uint8Array[] = []

  const records = (): readonly IdentityRecord[] => account.keyring().list()
  const residents = (): readonly IdentityRecord[] => records().filter(livesHere)
  const root = (): IdentityRecord | undefined => records().find(({ kind }) => kind === 'root')
  const verifyKeysOf = (did: string): readonly Uint8Array[] => {
    const known = directory.find(did)?.epochs.map(({ verifyKey }) => verifyKey) ?? []
    return did === root()?.did ? [...known, ...keysAhead] : known
  }
  const stateOf = (did: string): IdentityState => {
    const own = records().find((record) => record.did === did)
    if (own === undefined) return { status: directory.find(did) === undefined ? 'unknown' : 'active' }
    const child = decidable(own, ports.clock.nowMs())
    return { status: own.status, ...(child === undefined ? {} : { kind: 'child', child }) }
  }
  const offices = createOffices(async (did) => {
    const identity = account.keyring().open(did)
    const replica = account.replica()
    const shared = { ports, guardian, directory, sweeper, quota, onCommit, verifierOf }
    return openOffice({ ...shared, identity, replica, stateOf, verifyKeysOf })
  })
  const current = async (): Promise<Office> => offices.of(account.keyring().current())
  /** What a home knows of its own identities is more than their cards say. */
  const meet = (identity: PublicIdentity): void => {
    const isOwn = ({ did, formerly }: IdentityRecord): boolean =>
      [did, ...formerly.map((former) => former.did)].includes(identity.did)
    if (!records().some(isOwn)) directory.add(identity)
  }
  const introduce = async (): Promise<void> => {
    const keyring = account.keyring()
    for (const { did, formerly } of records()) {
      directory.add(actingIdentity(keyring, did))
      for (const former of formerly) directory.add(actingIdentity(keyring, former.did))
    }
    for (const contact of await contactsOf(await current()))
      meet(unwrap(parsePublicIdentity(contact, { nowMs: ports.clock.nowMs() })))
  }

  return {
    residents,
    officeOf: offices.of,
    current,
    async acting() {
      const keyring = account.keyring()
      checkDelegated(keyring.record(keyring.current()), ports.clock.nowMs())
      return current()
    },
    async note(entry) {
      await (await current()).space.record([entry])
    },
    meet,
    introduce,
    async onChanged() {
      await account.save()
      await introduce()
      const did = root()?.did
      if (did !== undefined) await keepKeyring(account, await offices.of(did))
    },
    async withoutOffice(did, act) {
      await offices.close(did)
      return act()
    },
    async withKeysAhead(keys, act) {
      keysAhead = keys
      try {
        return await act()
      } finally {
        keysAhead = []
      }
    },
    closeOffices: offices.closeAll,
  }
}
