import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import {
  type Command,
  createMemoryStatus,
  createMemoryUses,
  createQonsent,
  type Delegation,
  type Did,
  parseDelegation,
  sealDelegation,
  sealStatus,
} from '@anarq/qonsent'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import {
  ask,
  createRulePolicies,
  people,
  quickSignature,
  quickVerify,
  startMs,
  startSeconds,
} from './world.ts'

/** A link as the model sees it: plain facts, no signatures or bytes. */
type Link = {
  readonly iss: Did
  readonly aud: Did
  readonly sub: Did
  readonly cmd: Command
  readonly objects: 'any' | 'this' | 'other'
  readonly purpose: 'any' | 'care' | 'ads'
  readonly startsIn: number
  readonly endsIn: number | null
  readonly isForged: boolean
  readonly usesMax: number | null
  readonly used: number
  /** Who takes it back. */
  readonly revokedBy: Did | null
}

type Case = {
  readonly links: readonly Link[]
  readonly asker: Did
  readonly action: Command
  readonly purpose: 'care' | 'ads' | undefined
  readonly revokedIdentity: Did | null
  readonly staleIssuer: Did | null
}

const dids = ['did:x:owner', 'did:x:a', 'did:x:b', 'did:x:c'] as const
const [owner] = dids
const objects = { this: '0011', other: '2233' } as const

const often = <T>(usual: T, ...rare: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(usual, ...rare) },
  )

/** A chain that would be unbroken, in which each fact is sometimes replaced by a random other one. */
const caseOf: fc.Arbitrary<Case> = fc.integer({ min: 0, max: 3 }).chain((length) => {
  const link = (position: number): fc.Arbitrary<Link> =>
    fc.record({
      iss: often<Did>(dids[position] ?? owner, ...dids),
      aud: often<Did>(dids[position + 1] ?? owner, ...dids),
      sub: often<Did>(owner, ...dids),
      cmd: often<Command>('/qnt/read', '/', '/qnt', '/qnt/write', '/qnt/read/name'),
      objects: often('any' as const, 'this' as const, 'other' as const),
      purpose: often('any' as const, 'care' as const, 'ads' as const),
      startsIn: often(-10, 0, 10),
      endsIn: often<number | null>(10, -1, 0, null),
      isForged: often(false, true),
      usesMax: often<number | null>(null, 1, 2),
      used: fc.constantFrom(0, 1, 2),
      revokedBy: often<Did | null>(null, ...dids),
    })
  return fc.record({
    links: fc.tuple(...Array.from({ length }, (_, position) => link(position))),
    asker: often<Did>(dids[length] ?? owner, ...dids),
    action: often<Command>('/qnt/read', '/qnt/write', '/qnt/read/name'),
    purpose: often<Case['purpose']>('care', 'ads', undefined),
    revokedIdentity: often<Did | null>(null, ...dids),
    staleIssuer: often<Did | null>(null, ...dids),
  })
})

/** The law in its plainest words; shares nothing with the implementation. */
function modelAllows({ links, asker, action, purpose, revokedIdentity, staleIssuer }: Case): boolean {
  if (asker === owner) return true
  if (links.length === 0) return false
  const under = (upper: string, lower: string): boolean =>
    `${lower}/`.startsWith(upper === '/' ? '/' : `${upper}/`)
  let holder: Did = owner
  let held = '/'
  const seen = [owner as Did]
  const givers: Did[] = []
  for (const link of links) {
    givers.push(link.iss)
    const isAligned = link.iss === holder && link.sub === owner && !seen.includes(link.aud)
    const isNarrower = under(held, link.cmd) && under(link.cmd, action)
    const isNow = link.startsIn <= 0 && (link.endsIn === null || link.endsIn >= 0)
    const isMet = link.objects !== 'other' && (link.purpose === 'any' || link.purpose === purpose)
    const isLeft = link.usesMax === null || link.used < link.usesMax
    const isTakenBack = link.revokedBy !== null && givers.includes(link.revokedBy)
    const isSpoilt = link.isForged || isTakenBack || link.iss === revokedIdentity || link.iss === staleIssuer
    if (!isAligned || !isNarrower || !isNow || !isMet || !isLeft || isSpoilt) return false
    seen.push(link.aud)
    holder = link.aud
    held = link.cmd
  }
  return holder === asker
}

function sealLink(link: Link, position: number): Delegation {
  const { delegation } = sealDelegation(
    {
      aud: link.aud,
      sub: link.sub,
      cmd: link.cmd,
      pol: [
        ...(link.objects === 'any' ? [] : [['==', '.object', objects[link.objects]] as const]),
        ...(link.purpose === 'any' ? [] : [['==', '.purpose', link.purpose] as const]),
      ],
      nonce: new Uint8Array(8).fill(position),
      nbf: startSeconds + link.startsIn,
      exp: link.endsIn === null ? null : startSeconds + link.endsIn,
      ...(link.usesMax === null ? {} : { meta: { uses: link.usesMax } }),
    },
    {
      did: link.iss,
      sign: (message, context) => quickSignature(link.isForged ? 'did:x:thief' : link.iss, message, context),
    },
  )
  return parseDelegation(delegation.bytes)
}

async function decideReally({
  links,
  asker,
  action,
  purpose,
  revokedIdentity,
  staleIssuer,
}: Case): Promise<boolean> {
  const proofs = links.map(sealLink)
  const status = createMemoryStatus()
  const uses = createMemoryUses()
  for (const issuer of dids) {
    const revoked = proofs.filter((_, at) => links[at]?.revokedBy === issuer).map(({ cid }) => cid)
    const atMs = issuer === staleIssuer ? startMs - 1001 : startMs
    const sign = (message: Uint8Array, context: string): Uint8Array =>
      quickSignature(issuer, message, context)
    await status.accept(sealStatus({ sequence: 1, atMs, maxStaleMs: 1000, revoked }, { did: issuer, sign }))
  }
  for (const [at, { cid }] of proofs.entries()) {
    for (let used = 0; used < (links[at]?.used ?? 0); used += 1) await uses.take([{ cid, usesMax: 9 }])
  }
  const qonsent = createQonsent({
    policies: createRulePolicies(),
    status,
    uses,
    identities: {
      verify: quickVerify,
      stateOf: async (did) => ({ status: did === revokedIdentity ? 'revoked' : 'active' }),
    },
    receipts: { keep: async () => {} },
    self: { did: 'did:x:node', signer: people.alice.signer },
    clock: createManualClock(startMs),
    random: createSeededRandom(1),
  })
  const request = { ...ask(people.alice), subject: asker, owner, action, object: objects.this }
  const decision = await qonsent.decide(purpose === undefined ? request : { ...request, purpose }, proofs)
  return decision.verdict === 'allow'
}

test('AQ-QONSENT-1, AQ-QONSENT-4: no request without an unbroken chain is ever allowed, and every unbroken one is', async () => {
  const outcomes = { allowed: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(caseOf, async (one) => {
      const expected = modelAllows(one)
      if (one.asker !== owner) outcomes[expected ? 'allowed' : 'refused'] += 1
      assert.equal(await decideReally(one), expected)
    }),
    { numRuns: 1500 },
  )
  assert.ok(outcomes.allowed > 100 && outcomes.refused > 100, JSON.stringify(outcomes))
})
