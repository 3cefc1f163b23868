import { fromUtf8 } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import { encodePublicIdentity, type PublicIdentity } from '@anarq/squid'
import type { Account } from './account.ts'
import type { Home } from './home.ts'
import type { Office } from './office.ts'

/** What the home itself keeps in the index of an identity: the keyring's state, and the cards of others. */

const keyringRecord = hashBlake3(fromUtf8('anarq keyring record')).slice(0, 16)
const contactsMax = 100_000

/** The keyring's state lies in the root's index too: with the words and the blocks, every identity comes back. */
export async function keepKeyring(account: Account, { space }: Office): Promise<void> {
  const state = account.keyring().export({ withoutDevice: true })
  await space.index.commit([{ id: keyringRecord, kind: 'keyring', set: { state } }], {})
  await space.refresh()
}

async function keptKeyring({ space }: Office): Promise<Uint8Array | undefined> {
  const state = (await space.index.get(keyringRecord))?.fields.get('state')?.value
  return state instanceof Uint8Array ? state : undefined
}

/** The keyring's state among the blocks, taken over where there is one. */
export async function findKeyring(account: Account, home: Home): Promise<void> {
  await home.introduce()
  const state = await keptKeyring(await home.current())
  if (state === undefined) return
  await home.closeOffices()
  account.adopt(state)
  await account.save()
  await home.introduce()
}

export async function keepContact({ space }: Office, identity: PublicIdentity): Promise<void> {
  const id = hashBlake3(fromUtf8(`contact ${identity.did}`)).slice(0, 16)
  await space.index.commit(
    [{ id, kind: 'contact', set: { did: identity.did, card: encodePublicIdentity(identity) } }],
    {},
  )
  await space.refresh()
}

export async function contactsOf({ space }: Office): Promise<Uint8Array[]> {
  const cards: Uint8Array[] = []
  for (const { id } of space.view.search({ kind: 'contact', limit: contactsMax })) {
    const card = (await space.index.get(id))?.fields.get('card')?.value
    if (card instanceof Uint8Array) cards.push(card)
  }
  return cards
}
