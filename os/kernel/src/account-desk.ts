import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { certifySession } from '@anarq/squid'
import type { Account } from './account.ts'
import type { AccountOperations, NodeStatus } from './account-operations.ts'
import { readCarried, writeEnrolment } from './children/carried.ts'
import { joinHome } from './children/join.ts'
import type { Directory } from './directory.ts'
import type { Home } from './home.ts'
import { findKeyring } from './home-records.ts'
import { factsOf } from './identity-facts.ts'
import type { KernelPorts } from './ports.ts'

export type AccountDeskOptions = {
  account: Account
  home: Home
  directory: Directory
  ports: KernelPorts
  version: string
}

/** So many rotations of the root are looked through when it comes back from words alone. */
const rotationsMax = 64

/** The home itself, for people and programs: making, bringing back, opening and closing it. */
export function createAccountDesk({
  account,
  home,
  directory,
  ports,
  version,
}: AccountDeskOptions): AccountOperations {
  return {
    async status() {
      return statusFacts(account, version)
    },
    async init(input) {
      await needNobody(account, ports)
      const { words } = await account.init(input)
      await home.onChanged()
      return { did: account.keyring().current(), words }
    },
    async recover(input) {
      await account.recover(input)
      try {
        // The words do not say how often keys were rotated: commits signed with later keys must verify, so that the state is found.
        await home.withKeysAhead(account.rootKeys(rotationsMax), () => findKeyring(account, home))
      } catch (error) {
        ports.onFault(
          new Fault(
            'damaged.keyring',
            `The root identity is back. Its other identities could not be found among the blocks: ${asFault(error).message}`,
            { cause: error },
          ),
        )
      }
      return { did: account.keyring().current(), identities: account.keyring().list().length }
    },
    async enrol(input) {
      const enrolment = await account.enrol(input)
      return { name: enrolment.name, device: writeEnrolment(enrolment) }
    },
    async enrolment() {
      const enrolment = account.enrolment()
      return { name: enrolment.name, device: writeEnrolment(enrolment) }
    },
    async join({ file }) {
      const record = await joinHome(readCarried(file, 'invitation', 'delegation', 'release'), account, home)
      return factsOf(record, account.keyring())
    },
    async unlock({ passphrase }) {
      await account.unlock(passphrase)
      if (account.state() === 'open') await home.introduce()
    },
    async unlockByWords(input) {
      await account.unlockByWords(input)
      if (account.state() !== 'open') return
      await home.introduce()
      await home.note({ action: 'passphrase.reset', verdict: 'ok' })
    },
    ...passkeyDesk(account, home),
    confirmWords: account.confirmWords,
    async showWords({ passphrase }) {
      const words = await account.words(passphrase)
      await home.note({ action: 'words.show', verdict: 'ok' })
      return { words }
    },
    async certify({ key, ttlMs }) {
      const keyring = account.keyring()
      const { did, name, kind } = keyring.record(keyring.current())
      await home.acting()
      using identity = keyring.open(did)
      const options = { clock: ports.clock, ...(ttlMs === undefined ? {} : { ttlMs }) }
      const session = certifySession(identity, readKey(key), options)
      await home.note({ action: 'session.certify', verdict: 'ok', details: { keyid: session.keyid } })
      return { did, name, kind, ...session }
    },
    async lock() {
      await home.closeOffices()
      directory.clear()
      account.lock()
    },
    changePassphrase: account.changePassphrase,
  }
}

/**
 * A home whose vault was lost is no place for somebody new: what lies there would be no part of anything, and be tidied away. Whom
 * words or guardians bring back finds it again.
 */
async function needNobody(account: Account, { heads }: Pick<KernelPorts, 'heads'>): Promise<void> {
  if (account.state() !== 'empty' || (await heads.feeds()).length === 0) return
  throw new Fault(
    'conflict.keyless',
    'In this folder lie files whose key is missing. The 24 words bring both back: anarq id recover. To begin anew, name another folder with --home, or move this one away.',
  )
}

function passkeyDesk(
  account: Account,
  home: Home,
): Pick<AccountOperations, 'passkeys' | 'listPasskeys' | 'unlockByPasskey' | 'addPasskey' | 'removePasskey'> {
  return {
    async passkeys() {
      return account.passkeySlots().map(({ credential, host, salt }) => {
        return { credential: toBase64Url(credential), host, salt: toBase64Url(salt) }
      })
    },
    async listPasskeys() {
      return account.passkeys().map(({ credential, host, name, addedMs }) => {
        return { credential: toBase64Url(credential), host, name, addedMs }
      })
    },
    async unlockByPasskey({ credential, secret }) {
      await account.unlockByPasskey({ credential: readPart(credential), secret: readPart(secret) })
      if (account.state() === 'open') await home.introduce()
    },
    async addPasskey({ credential, salt, secret, ...rest }) {
      await account.addPasskey({
        ...rest,
        credential: readPart(credential),
        salt: readPart(salt),
        secret: readPart(secret),
      })
      if (account.state() === 'open') await home.note({ action: 'passkey.add', verdict: 'ok' })
    },
    async removePasskey({ credential }) {
      await account.removePasskey(readPart(credential))
      if (account.state() === 'open') await home.note({ action: 'passkey.remove', verdict: 'ok' })
    },
  }
}

function readPart(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch (cause) {
    throw new Fault('invalid.passkey', 'The parts of a passkey are bytes as base64url.', { cause })
  }
}

function readKey(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch (cause) {
    throw new Fault('invalid.session', 'The public key of a session is 32 bytes as base64url.', { cause })
  }
}

function statusFacts(account: Account, version: string): NodeStatus {
  const state = account.state()
  if (state !== 'open') return { state, version }
  const keyring = account.keyring()
  const { did, name, kind } = keyring.record(keyring.current())
  return { state, version, current: { did, name, kind } }
}
