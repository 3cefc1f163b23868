import { type CedarPolicies, createCedar } from '@anarq/cedar'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { createSigner, hashBlake3, type Signer, verifySignature } from '@anarq/qlock'
import {
  type AccessRequest,
  createMemoryStatus,
  createMemoryUses,
  createQonsent,
  type DecisionRecord,
  type Delegation,
  type DelegationFields,
  type Did,
  type IdentityState,
  type OwnTexts,
  type Qonsent,
  sealDelegation,
} from '@anarq/qonsent'
import { createSeededRandom } from '@anarq/random/testing'

export type Person = { readonly did: Did; readonly signer: Signer }

export const people: Readonly<Record<'alice' | 'bob' | 'carol', Person>> = {
  alice: { did: 'did:peer:4zalice', signer: createSigner(new Uint8Array(32).fill(1)) },
  bob: { did: 'did:peer:4zbob', signer: createSigner(new Uint8Array(32).fill(2)) },
  carol: { did: 'did:peer:4zcarol', signer: createSigner(new Uint8Array(32).fill(3)) },
}

export const startMs: number = Date.UTC(2026, 0, 1)

export type World = {
  readonly clock: ManualClock
  readonly states: Map<Did, IdentityState>
  readonly records: DecisionRecord[]
  readonly policies: CedarPolicies
  readonly qonsent: Qonsent
}

/** Alice's node with the default policies in Cedar and real signatures. */
export function createWorld(rules: OwnTexts = {}): World {
  const clock = createManualClock(startMs)
  const states = new Map<Did, IdentityState>()
  const records: DecisionRecord[] = []
  const policies = createCedar()
  const qonsent = createQonsent({
    policies,
    status: createMemoryStatus(),
    uses: createMemoryUses(),
    identities: { verify, stateOf: async (did) => states.get(did) ?? { status: 'active', kind: 'sub' } },
    receipts: { keep: async (record) => void records.push(record) },
    self: people.alice,
    clock,
    random: createSeededRandom(5),
    rules,
  })
  return { clock, states, records, policies, qonsent }
}

export function verify(did: Did, message: Uint8Array, signature: Uint8Array, context: string): boolean {
  const person = Object.values(people).find((one) => one.did === did)
  return person !== undefined && verifySignature(person.signer.publicKey, message, signature, context)
}

let nonces = 0

export function give(from: Person, to: Person, fields: Partial<DelegationFields> = {}): Delegation {
  nonces += 1
  const nbf = startMs / 1000
  const nonce = hashBlake3(Uint8Array.of(nonces & 255, nonces >> 8)).subarray(0, 12)
  const { delegation } = sealDelegation(
    { aud: to.did, sub: people.alice.did, cmd: '/qnt', pol: [], nonce, nbf, exp: nbf + 86_400, ...fields },
    { did: from.did, sign: from.signer.sign },
  )
  return delegation
}

export function ask(subject: Person, parts: Partial<AccessRequest> = {}): AccessRequest {
  const owner = people.alice.did
  return { subject: subject.did, owner, action: '/qnt/read', object: '0011', direction: 'in', ...parts }
}
