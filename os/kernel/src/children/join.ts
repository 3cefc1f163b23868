import { Fault, unwrap } from '@anarq/fault'
import type { IdentityRecord } from '@anarq/squid'
import type { Account } from '../account.ts'
import type { Home } from '../home.ts'
import { type Carried, readRenewal } from './carried.ts'

/** What a child's device takes in from its guardian: first its identity, then renewals, and its own key at majority. */
export async function joinHome(
  { kind, bytes }: Carried<'invitation' | 'delegation' | 'release'>,
  account: Account,
  home: Home,
): Promise<IdentityRecord> {
  if (account.state() === 'empty')
    throw new Fault(
      'missing.device',
      'This device has no keys for a child yet. Make them with: anarq id enrol',
    )
  if (kind === 'invitation') await account.accept(bytes)
  else if (kind === 'delegation') takeRenewal(account, bytes)
  else await takeOver(account, home, bytes)
  await home.onChanged()
  const keyring = account.keyring()
  const did = keyring.current()
  await home.note({ action: actions[kind], verdict: 'ok', details: { child: did } })
  return keyring.record(did)
}

const actions = {
  invitation: 'child.join',
  delegation: 'child.renewed',
  release: 'child.takeover',
} as const

function takeRenewal(account: Account, bytes: Uint8Array): void {
  const { delegation, guardian } = readRenewal(bytes)
  unwrap(account.keyring().acceptDelegation(delegation, guardian))
}

/** The key that signs becomes another one, so what is open with the former one is closed first. */
async function takeOver(account: Account, home: Home, bytes: Uint8Array): Promise<void> {
  const keyring = account.keyring()
  unwrap(await home.withoutOffice(keyring.current(), () => keyring.takeOver(bytes)))
}
