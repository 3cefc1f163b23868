/** What a decision costs in one thread: `node bench/qonsent.bench.ts`. Ports are in memory, signatures and Cedar real. */
import { createCedar } from '@anarq/cedar'
import { systemClock } from '@anarq/clock'
import { createSigner, type Signer, verifySignature } from '@anarq/qlock'
import {
  type AccessRequest,
  checkChain,
  createMemoryStatus,
  createMemoryUses,
  createQonsent,
  createVerifiedCache,
  type Delegation,
  parseDelegation,
  type Receipt,
  sealDelegation,
} from '@anarq/qonsent'
import { systemRandom } from '@anarq/random'

type Person = { readonly did: string; readonly signer: Signer }

const measuredMsMin = 1000
const [owner, friend, helper, app] = [1, 2, 3, 4].map((seed) => ({
  did: `did:peer:4zQmPerson${seed}`,
  signer: createSigner(new Uint8Array(32).fill(seed)),
})) as [Person, Person, Person, Person]
const keys = new Map([owner, friend, helper, app].map(({ did, signer }) => [did, signer.publicKey]))
const policies = createCedar()
const receipts: Receipt[] = []
const qonsent = createQonsent({
  policies,
  status: createMemoryStatus(),
  uses: createMemoryUses(),
  identities: { verify, stateOf: async () => ({ status: 'active', kind: 'sub' }) },
  receipts: { keep: async ({ decision }) => void receipts.push(decision.receipt) },
  self: owner,
  clock: systemClock,
  random: systemRandom,
})
const about = { tags: ['trip', '2026'], type: 'image/jpeg', folders: ['f1', 'f2'] }
const request: AccessRequest = {
  subject: app.did,
  owner: owner.did,
  action: '/qnt/read',
  object: '00112233445566778899aabbccddeeff',
  direction: 'in',
  purpose: 'research',
  about,
}
const chain = [give(owner, friend), give(friend, helper), give(helper, app)]
const nowMs = systemClock.nowMs()
const verified = createVerifiedCache()

console.log(`a delegation has ${chain[0]?.bytes.length} bytes`)
await perSecond('parse a delegation', () => parseDelegation((chain[0] as Delegation).bytes))
await perSecond('check a chain of 3, signatures not seen before', () =>
  checkChain(chain, request, { verify, nowMs }),
)
await perSecond('check a chain of 3, signatures known', () =>
  checkChain(chain, request, { verify, nowMs, verified }),
)
await perSecond('ask Cedar one set of 16 rules', () =>
  policies.isAllowed({
    sets: ['ecosystem'],
    subject: { did: app.did, attributes: { status: 'active', kind: 'sub' } },
    action: '/qnt/read',
    object: {
      id: request.object,
      owner: owner.did,
      folders: about.folders,
      attributes: { tags: about.tags },
    },
    context: { delegated: true, direction: 'in', asker: app.did, nowMs },
  }),
)
await perSecond('decide for the owner (2 sets, receipt)', () =>
  qonsent.decide({ ...request, subject: owner.did }, []),
)
await perSecond('decide over a chain of 3 (3 sets, receipt)', () => qonsent.decide(request, chain))
await perSecond('decide a refusal without a chain', () => qonsent.decide(request, []))
const batch = receipts.slice(0, 1000)
await perSecond('sign 1,000 receipts in a batch', () => qonsent.signReceipts(batch))

async function perSecond(what: string, run: () => unknown): Promise<void> {
  for (let at = 0; at < 20; at += 1) await run()
  const startedMs = performance.now()
  let runs = 0
  let elapsedMs = 0
  for (; elapsedMs < measuredMsMin; elapsedMs = performance.now() - startedMs) {
    await run()
    runs += 1
  }
  console.log(`${what}: ${Math.round((runs * 1000) / elapsedMs).toLocaleString('en')} a second`)
}

function give(from: Person, to: Person): Delegation {
  const nowSeconds = Math.floor(systemClock.nowMs() / 1000)
  return sealDelegation(
    {
      aud: to.did,
      sub: owner.did,
      cmd: '/qnt/read',
      pol: [
        ['==', '.purpose', 'research'],
        ['any', '.tags', ['==', '.', 'trip']],
      ],
      nonce: systemRandom.bytes(12),
      nbf: nowSeconds,
      exp: nowSeconds + 86_400,
    },
    { did: from.did, sign: from.signer.sign },
  ).delegation
}

function verify(did: string, message: Uint8Array, signature: Uint8Array, context: string): boolean {
  const key = keys.get(did)
  return key !== undefined && verifySignature(key, message, signature, context)
}
