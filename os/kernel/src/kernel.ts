import { fromUtf8, toHex } from '@anarq/bytes'
import { asFault, Fault, unwrap } from '@anarq/fault'
import { cidKey } from '@anarq/ipld'
import { createGuardian, type Guardian } from '@anarq/qerberos'
import { hashBlake3 } from '@anarq/qlock'
import {
  encodePublicIdentity,
  type IdentityRecord,
  type PublicIdentity,
  parsePublicIdentity,
} from '@anarq/squid'
import { type Account, createAccount } from './account.ts'
import { createAuditDesk } from './audit-desk.ts'
import { createDirectory } from './directory.ts'
import { resolve } from './drive/resolve.ts'
import { readBackup, writeBackup } from './health/backup.ts'
import { liveBlocks } from './health/live.ts'
import { verifyBooks, verifyFiles } from './health/verify.ts'
import { createIdentities, findIdentity } from './identities.ts'
import { type Office, openOffice } from './office.ts'
import type {
  DriveOperations,
  Finding,
  HealthOperations,
  NodeStatus,
  Operations,
  SharingOperations,
} from './operations.ts'
import type { KernelPorts } from './ports.ts'
import { createSharing } from './sharing/sharing.ts'

export type KernelOptions = {
  ports: KernelPorts
  version: string
  /** What the machine itself can say: disk, rights, copies. */
  inspect?(): Promise<readonly Finding[]>
}

export type Kernel = {
  readonly operations: Operations
  readonly guardian: Guardian
  /** For doors that authenticate others: an identity that this node can verify. */
  publicIdentity(did: string): PublicIdentity | undefined
  close(): Promise<void>
}

/** Everything of one home: accounts, one office an identity, and the operations that doors offer. */
export async function createKernel({
  ports,
  version,
  inspect = async () => [],
}: KernelOptions): Promise<Kernel> {
  const account = await createAccount(ports)
  const directory = createDirectory()
  // An alert goes to the audit log of the identity that it is about: see the office.
  const guardian = createGuardian({ clock: ports.clock, log: () => {} })
  const offices = new Map<string, Promise<Office>>()

  let keysAhead: readonly Uint8Array[] = []
  const verifyKeysOf = (did: string): readonly Uint8Array[] => {
    const known = directory.find(did)?.epochs.map(({ verifyKey }) => verifyKey) ?? []
    return did === rootOf(account).did ? [...known, ...keysAhead] : known
  }
  const statusOf = (did: string): 'active' | 'revoked' | 'unknown' => {
    const own = account
      .keyring()
      .list()
      .find((record) => record.did === did)
    return own?.status ?? (directory.find(did) === undefined ? 'unknown' : 'active')
  }
  /** The office of an identity of this home, opened once. */
  const officeOf = (did: string): Promise<Office> => {
    const known = offices.get(did)
    if (known !== undefined) return known
    const opening = openOffice({
      identity: account.keyring().open(did),
      ports,
      guardian,
      directory,
      replica: account.replica(),
      statusOf,
      verifyKeysOf,
    })
    offices.set(did, opening)
    opening.catch(() => offices.delete(did))
    return opening
  }
  const current = (): Promise<Office> => officeOf(account.keyring().current())
  const closeOffices = async (): Promise<void> => {
    const open = [...offices.values()]
    offices.clear()
    await Promise.all(open.map(async (opening) => (await opening.catch(() => undefined))?.close()))
  }
  /** Everything of this home's identities that others may verify. */
  const introduce = async (): Promise<void> => {
    for (const record of account.keyring().list()) {
      if (record.kind === 'child') continue
      for (const did of [record.did, ...record.formerly.map((former) => former.did)]) {
        using open = account.keyring().open(did)
        directory.add(open.public())
      }
    }
    for (const contact of await contactsOf(await current()))
      directory.add(unwrap(parsePublicIdentity(contact, { nowMs: ports.clock.nowMs() })))
  }
  const opened = async (): Promise<void> => {
    for (const record of account
      .keyring()
      .list()
      .filter(({ kind }) => kind !== 'child')) {
      using open = account.keyring().open(record.did)
      directory.add(open.public())
    }
    await introduce()
  }
  /** Acts while nothing of an identity is open: what it still has to write is signed with the keys that it has before. */
  const withoutOffice = async <T>(did: string, act: () => T): Promise<T> => {
    for (let office = offices.get(did); office !== undefined; office = offices.get(did)) {
      offices.delete(did)
      await (await office.catch(() => undefined))?.close()
    }
    return act()
  }
  const onChanged = async (): Promise<void> => {
    await account.save()
    await introduce()
    await keepKeyring(account, await officeOf(rootOf(account).did))
  }

  const health: HealthOperations = {
    async verify(ref, options = {}) {
      const here = await current()
      if (ref !== undefined)
        return verifyFiles(here, ports, { ...options, id: resolve(here.space.view, ref).id })
      const total = { files: 0, bytes: 0, findings: [] as Finding[] }
      for (const { did } of account
        .keyring()
        .list()
        .filter(({ kind }) => kind !== 'child')) {
        const office = await officeOf(did)
        const report = await verifyFiles(office, ports, options)
        total.files += report.files
        total.bytes += report.bytes
        total.findings.push(...report.findings, ...(await verifyBooks(office)))
      }
      return total
    },
    async doctor() {
      const found = [...(await inspect())]
      if (account.state() !== 'open')
        return [
          ...found,
          {
            severity: 'info',
            what:
              account.state() === 'empty' ? 'There is no identity yet.' : 'The vault is locked, and whole.',
          },
        ]
      const { alerts } = guardian.status()
      found.push({
        severity: alerts > 0 ? 'warning' : 'info',
        what: alerts > 0 ? `${alerts} alerts since the start.` : 'No alerts since the start.',
        ...(alerts > 0 ? { advice: 'See: anarq audit alerts' } : {}),
      })
      return [...found, ...(await verifyBooks(await current()))]
    },
    async *backup(signal) {
      await closeOffices()
      const names = account
        .keyring()
        .list()
        .filter(({ kind }) => kind !== 'child')
        .map((record) => {
          using open = account.keyring().open(record.did)
          return toHex(open.secrets.feed)
        })
      yield* writeBackup(account, names, ports, signal)
    },
    restoreBackup: (source, signal) => readBackup(account, source, ports, signal),
    async compact(signal) {
      ports.beginSweep()
      const all = []
      for (const { did, kind } of account.keyring().list())
        if (kind !== 'child') all.push(await officeOf(did))
      const live = await liveBlocks(all, ports, signal)
      return { freedBytes: await ports.compact((digest) => live.has(cidKey(digest)), signal) }
    },
  }

  const operations: Operations = {
    account: {
      async status() {
        return statusFacts(account, version)
      },
      async init(input) {
        const { words } = await account.init(input)
        await opened()
        await onChanged()
        return { did: account.keyring().current(), words }
      },
      async recover(input) {
        await account.recover(input)
        try {
          // The words do not say how often keys were rotated: commits signed with later keys must verify, so that the state is found.
          keysAhead = account.rootKeys(rotationsMax)
          await opened()
          const state = await keptKeyring(await officeOf(rootOf(account).did))
          if (state !== undefined) {
            await closeOffices()
            account.adopt(state)
            await account.save()
            await opened()
          }
        } catch (error) {
          ports.onFault(
            new Fault(
              'damaged.keyring',
              `The root identity is back. Its other identities could not be found among the blocks: ${asFault(error).message}`,
              { cause: error },
            ),
          )
        } finally {
          keysAhead = []
        }
        return { did: account.keyring().current(), identities: account.keyring().list().length }
      },
      async unlock({ passphrase }) {
        await account.unlock(passphrase)
        await opened()
      },
      async lock() {
        await closeOffices()
        directory.clear()
        account.lock()
      },
      changePassphrase: account.changePassphrase,
    },
    identities: createIdentities({
      account,
      directory,
      ports,
      withoutOffice,
      onChanged,
      keepContact: async (identity) => keepContact(await current(), identity),
    }),
    drive: forward(async () => (await current()).drive),
    sharing: forwardSharing(async () => {
      const office = await current()
      return createSharing({
        office,
        ports,
        guardian,
        directory,
        officeOf: async (did) =>
          account
            .keyring()
            .list()
            .some((record) => record.did === did && record.kind !== 'child')
            ? officeOf(did)
            : undefined,
        resolveDid: (ref) => (ref.startsWith('did:') ? ref : findIdentity(account.keyring(), ref).did),
      })
    }),
    audit: createAuditDesk({ current, guardian }),
    health,
  }

  return {
    operations,
    guardian,
    publicIdentity: (did) => directory.find(did),
    async close() {
      await closeOffices()
      account.lock()
      await ports.sealer.close()
    },
  }
}

/** So many rotations of the root are looked through when it comes back from words alone. */
const rotationsMax = 64

function statusFacts(account: Account, version: string): NodeStatus {
  const state = account.state()
  if (state !== 'open') return { state, version }
  const keyring = account.keyring()
  const { did, name, kind } = keyring.record(keyring.current())
  return { state, version, current: { did, name, kind } }
}

function rootOf(account: Account): IdentityRecord {
  const root = account
    .keyring()
    .list()
    .find(({ kind }) => kind === 'root')
  if (root === undefined) throw new Fault('internal.root', 'A keyring without a root identity.')
  return root
}

const keyringRecord = hashBlake3(fromUtf8('anarq keyring record')).slice(0, 16)
const contactsMax = 100_000

/** The keyring's state lies in the root's index too: with the words and the blocks, every identity comes back. */
async function keepKeyring(account: Account, { space }: Office): Promise<void> {
  const state = account.keyring().export({ withoutDevice: true })
  await space.index.commit([{ id: keyringRecord, kind: 'keyring', set: { state } }], {})
  await space.refresh()
}

async function keptKeyring({ space }: Office): Promise<Uint8Array | undefined> {
  const state = (await space.index.get(keyringRecord))?.fields.get('state')?.value
  return state instanceof Uint8Array ? state : undefined
}

async function keepContact({ space }: Office, identity: PublicIdentity): Promise<void> {
  const id = hashBlake3(fromUtf8(`contact ${identity.did}`)).slice(0, 16)
  await space.index.commit(
    [{ id, kind: 'contact', set: { did: identity.did, card: encodePublicIdentity(identity) } }],
    {},
  )
  await space.refresh()
}

async function contactsOf({ space }: Office): Promise<Uint8Array[]> {
  const cards: Uint8Array[] = []
  for (const { id } of space.view.search({ kind: 'contact', limit: contactsMax })) {
    const card = (await space.index.get(id))?.fields.get('card')?.value
    if (card instanceof Uint8Array) cards.push(card)
  }
  return cards
}

/** The drive of whatever identity is in use when a call comes. */
function forward(drive: () => Promise<DriveOperations>): DriveOperations {
  return {
    put: async (...args) => (await drive()).put(...args),
    list: async (...args) => (await drive()).list(...args),
    entry: async (...args) => (await drive()).entry(...args),
    find: async (...args) => (await drive()).find(...args),
    get: async (...args) => (await drive()).get(...args),
    async *walk(...args) {
      yield* (await drive()).walk(...args)
    },
    async *readTree(...args) {
      yield* (await drive()).readTree(...args)
    },
    makeFolder: async (...args) => (await drive()).makeFolder(...args),
    move: async (...args) => (await drive()).move(...args),
    tag: async (...args) => (await drive()).tag(...args),
    remove: async (...args) => (await drive()).remove(...args),
    restore: async (...args) => (await drive()).restore(...args),
    versions: async (...args) => (await drive()).versions(...args),
    history: async (...args) => (await drive()).history(...args),
  }
}

function forwardSharing(sharing: () => Promise<SharingOperations>): SharingOperations {
  return {
    share: async (...args) => (await sharing()).share(...args),
    open: async (...args) => (await sharing()).open(...args),
    write: async (...args) => (await sharing()).write(...args),
    grants: async (...args) => (await sharing()).grants(...args),
    revoke: async (...args) => (await sharing()).revoke(...args),
  }
}
