import { Fault, unwrap } from '@anarq/fault'
import {
  childMayAct,
  type IdentityRecord,
  type Keyring,
  type PublicIdentity,
  parseCard,
  publicOfPeer,
  writeCard,
} from '@anarq/squid'
import type { Account } from './account.ts'
import { signApp, signAppFeed } from './app-signing.ts'
import { createGuardianship } from './children/guardian.ts'
import type { Directory } from './directory.ts'
import type { Home } from './home.ts'
import { keepContact } from './home-records.ts'
import { factsOf, findIdentity } from './identity-facts.ts'
import type { IdentityFacts, IdentityOperations } from './operations.ts'
import type { KernelPorts } from './ports.ts'

export type IdentitiesContext = { account: Account; directory: Directory; home: Home; ports: KernelPorts }

export function createIdentities(context: IdentitiesContext): IdentityOperations {
  const { account, home } = context
  const { onChanged, withoutOffice } = home
  const facts = (record: IdentityRecord): IdentityFacts => factsOf(record, account.keyring())
  return {
    async list() {
      return account.keyring().list().map(facts)
    },
    async create({ kind, name }) {
      const record = account.keyring().create({ kind, name })
      await onChanged()
      return facts(record)
    },
    async show(ref) {
      const keyring = account.keyring()
      const record = findIdentity(keyring, ref)
      return { ...facts(record), card: writeCard(publicOf(record, keyring)) }
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
    async drill(words) {
      const isRight = account.isWords(words)
      if (isRight) await account.confirmWords()
      // Whoever guesses at the words is on record too; the words are not.
      await home.note({ action: 'recovery.drill', verdict: isRight ? 'ok' : 'refused' })
      return isRight
    },
    async recovery() {
      const areWordsConfirmed = account.areWordsConfirmed()
      return { hasWords: areWordsConfirmed !== undefined, areWordsConfirmed: areWordsConfirmed === true }
    },
    learn: (card) => learn(context, card),
    signApp: (manifest) => signApp(manifest, context),
    signAppFeed: (feed) => signAppFeed(feed, context),
    ...createGuardianship({
      ...context,
      facts,
      onChanged,
      find: (ref) => findIdentity(account.keyring(), ref),
      note: (action, child) => home.note({ action, verdict: 'ok', details: { child } }),
    }),
  }
}

async function learn({ account, home, ports }: IdentitiesContext, card: string): Promise<{ did: string }> {
  const keyring = account.keyring()
  const nowMs = ports.clock.nowMs()
  const identity = unwrap(parseCard(card, { nowMs }))
  const own = keyring.record(keyring.current())
  const { verdict, sentence } = childMayAct(own, { kind: 'contact', did: identity.did }, nowMs)
  const office = await home.acting()
  if (verdict !== 'allow') throw new Fault('refused.contact', sentence)
  home.meet(identity)
  await keepContact(office, identity)
  return { did: identity.did }
}

/** A child's own key is with its guardians: what is shown of it comes from its DID. */
function publicOf({ did, child }: IdentityRecord, keyring: Keyring): PublicIdentity {
  if (child !== undefined) return unwrap(publicOfPeer(child.long))
  using open = keyring.open(did)
  return open.public()
}
