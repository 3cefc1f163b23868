import { toHex } from '@anarq/bytes'
import type { ManualClock } from '@anarq/clock/testing'
import { createManualClock } from '@anarq/clock/testing'
import { ok } from '@anarq/fault'
import {
  createSigner,
  hashBlake3,
  primitives,
  type Signer,
  signatureBytes,
  verifySignature,
} from '@anarq/qlock'
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
  type Policies,
  type PolicyRequest,
  type PolicyRule,
  type PolicySetName,
  type Qonsent,
  type QonsentOptions,
  type StatusPort,
  sealDelegation,
  type UsesPort,
} from '@anarq/qonsent'
import { createSeededRandom } from '@anarq/random/testing'

export const object = '00112233445566778899aabbccddeeff'
export const startMs: number = Date.UTC(2026, 0, 1)
export const startSeconds: number = startMs / 1000
export const dayMs = 86_400_000

/** Real composite keys for a few people, made once. */
export const people: Readonly<Record<'alice' | 'bob' | 'carol' | 'dave', Person>> = {
  alice: personOf('alice', 1),
  bob: personOf('bob', 2),
  carol: personOf('carol', 3),
  dave: personOf('dave', 4),
}

export type Person = { readonly did: Did; readonly signer: Signer }

export type World = {
  readonly clock: ManualClock
  readonly status: StatusPort
  readonly uses: UsesPort
  readonly states: Map<Did, IdentityState>
  readonly records: DecisionRecord[]
  readonly policies: RulePolicies
  readonly qonsent: Qonsent
}

/** Alice's node, with in-memory ports. */
export function createWorld(options: Partial<QonsentOptions> & { policies?: RulePolicies } = {}): World {
  const clock = createManualClock(startMs)
  const status = options.status ?? createMemoryStatus()
  const uses = options.uses ?? createMemoryUses()
  const policies = options.policies ?? createRulePolicies()
  const states = new Map<Did, IdentityState>()
  const records: DecisionRecord[] = []
  const qonsent = createQonsent({
    status,
    uses,
    identities: { verify, stateOf: async (did) => states.get(did) ?? { status: 'active' } },
    receipts: { keep: async (record) => void records.push(record) },
    self: people.alice,
    clock,
    random: createSeededRandom(7),
    ...options,
    policies,
  })
  return { clock, status, uses, states, records, policies, qonsent }
}

export function verify(did: Did, message: Uint8Array, signature: Uint8Array, context: string): boolean {
  const person = Object.values(people).find((one) => one.did === did)
  return person !== undefined && verifySignature(person.signer.publicKey, message, signature, context)
}

let nonces = 0

/** A delegation of one person to another about Alice's things; 30 days long unless said. */
export function give(from: Person, to: Person, fields: Partial<DelegationFields> = {}): Delegation {
  nonces += 1
  const sealed = sealDelegation(
    {
      aud: to.did,
      sub: people.alice.did,
      cmd: '/qnt/read',
      pol: [],
      nonce: hashBlake3(Uint8Array.of(nonces & 255, nonces >> 8)).subarray(0, 12),
      nbf: startSeconds,
      exp: startSeconds + 30 * 86_400,
      ...fields,
    },
    { did: from.did, sign: (message, context) => from.signer.sign(message, context) },
  )
  return sealed.delegation
}

export function ask(subject: Person, parts: Partial<AccessRequest> = {}): AccessRequest {
  const owner = people.alice.did
  return { subject: subject.did, owner, action: '/qnt/read', object, direction: 'in', ...parts }
}

/** The policy port over plain functions: the default rules, and forbids that a test adds. */
export type RulePolicies = Policies & { forbid(set: PolicySetName, id: string, when: Condition): void }

type Condition = (request: PolicyRequest) => boolean
type Rule = PolicyRule & { readonly when: Condition }

export function createRulePolicies(): RulePolicies {
  const isOwner: Condition = ({ subject, object: { owner } }) => subject.did === owner
  const sets: Record<PolicySetName, Rule[]> = {
    ecosystem: [ruleOf('ecosystem.base', 'permit', () => true)],
    in: [ruleOf('in.owner', 'permit', isOwner), ruleOf('in.permission', 'permit', isDelegated)],
    out: [ruleOf('out.owner', 'permit', isOwner), ruleOf('out.permission', 'permit', isDelegated)],
  }
  return {
    check: () => ok([]),
    load() {},
    rules: (set) => sets[set],
    isAllowed(request) {
      const met = request.sets.flatMap((set) =>
        sets[set].filter(({ when }) => when(request)).map(({ id, effect }) => ({ set, id, effect })),
      )
      const forbids = met.filter(({ effect }) => effect === 'forbid')
      const silent = request.sets.filter((set) => !met.some((rule) => rule.set === set))
      const isAllowed = forbids.length === 0 && silent.length === 0
      const deciding = forbids.length > 0 ? forbids : met
      return {
        verdict: isAllowed ? 'allow' : 'deny',
        reasons: isAllowed || forbids.length > 0 ? deciding.map(({ set, id }) => ({ set, id })) : [],
        silent: forbids.length > 0 ? [] : silent,
        errors: [],
      }
    },
    forbid: (set, id, when) => void sets[set].push(ruleOf(id, 'forbid', when)),
  }
}

/** A stand-in signature for laws that need thousands: a keyed hash, as long as a real one. */
export function quickSignature(did: Did, message: Uint8Array, context: string): Uint8Array {
  const key = hashBlake3(new TextEncoder().encode(`${did} ${context}`))
  return primitives.shake256(primitives.blake3Keyed(key, message), signatureBytes)
}

export function quickVerify(did: Did, message: Uint8Array, signature: Uint8Array, context: string): boolean {
  return toHex(quickSignature(did, message, context)) === toHex(signature)
}

function isDelegated({ context }: PolicyRequest): boolean {
  return context.delegated === true
}

function ruleOf(id: string, effect: 'permit' | 'forbid', when: Condition): Rule {
  return { id, effect, sentence: `Because of ${id}.`, line: 1, when }
}

function personOf(name: string, seed: number): Person {
  return { did: `did:peer:4z${name}`, signer: createSigner(new Uint8Array(32).fill(seed)) }
}
