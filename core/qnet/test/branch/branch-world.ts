import { toHex } from '@anarq/bytes'
import { primitives, type SigningKey } from '@anarq/qlock'
import {
  type BranchDocuments,
  branchContext,
  branchIdOf,
  type CharterRules,
  createMeetingKey,
  encodeCertificate,
  encodeCharter,
  encodeDocuments,
  encodeProof,
  nameOf,
  type ProofFields,
  type Signed,
  signCustody,
  type VerifyAs,
} from '@anarq/qnet/branch'

/** Identities that sign with one Ed25519 key each: the rules do not know how an identity signs. */
export const people = ['did:x:ada', 'did:x:bob', 'did:x:eve'] as const
export const ada: string = people[0]
export const bob: string = people[1]
export const eve: string = people[2]
export const nowMs: number = Date.UTC(2027, 0, 1)
const dayMs = 86_400_000
const keys = new Map<string, SigningKey>(
  people.map((did, at) => [did, primitives.ed25519Key(new Uint8Array(32).fill(at + 1))]),
)
export const nodes: readonly SigningKey[] = [10, 11, 12, 13].map((seed) =>
  primitives.ed25519Key(new Uint8Array(32).fill(seed)),
)
export const meetingKey: SigningKey = createMeetingKey(new Uint8Array(32).fill(99))

export const verify: VerifyAs = (did, message, signature, context) => {
  const key = keys.get(did)
  return (
    context === branchContext &&
    key !== undefined &&
    signature.length === 64 &&
    primitives.ed25519Verify(key.publicKey, message, signature)
  )
}

export function signedBy(body: Uint8Array, ...dids: readonly string[]): Signed {
  return {
    body,
    signatures: dids.map((did) => ({ did, signature: (keys.get(did) as SigningKey).sign(body) })),
  }
}

export const rules: CharterRules = {
  name: 'works',
  admins: [ada],
  threshold: 1,
  stays: true,
  sharesOutside: false,
  networks: [],
}

export function firstCharter(change: Partial<CharterRules> = {}): Uint8Array {
  const first = { number: 0, founder: ada, meetingKey: meetingKey.publicKey, madeMs: nowMs }
  return encodeCharter({ ...rules, ...change, ...first })
}

export function idOf(charter: Uint8Array): string {
  return toHex(branchIdOf(meetingKey.publicKey, nameOf({ body: charter })))
}

export function membership(branch: string, node: number, holder: string, days = 10): Uint8Array {
  const nodeKey = (nodes[node] as SigningKey).publicKey
  return encodeCertificate({ branch, nodeKey, holder, fromMs: nowMs - dayMs, untilMs: nowMs + days * dayMs })
}

export function documentsOf(more: Partial<BranchDocuments>): BranchDocuments {
  return { charters: [], certificates: [], revocations: [], cards: [], ...more }
}

/** Of a folder of Ada's that stands on so many blocks, held by the nodes of Ada and Bob. */
export function provedBy(
  holders: readonly number[],
  change: Partial<ProofFields> = {},
  { atMs = nowMs, certified = [0, 1] }: { atMs?: number; certified?: readonly number[] } = {},
): Uint8Array {
  const charter = firstCharter()
  const branch = idOf(charter)
  const documents = documentsOf({
    charters: [signedBy(charter, ada)],
    certificates: certified.map((node) => signedBy(membership(branch, node, people[node] as string), ada)),
  })
  const digests = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill))
  const statements = holders.map((node) => {
    const key = nodes[node] as SigningKey
    const custody = { branch, nodeKey: key.publicKey, atMs, nonce: new Uint8Array(16), digests }
    return signCustody(custody, (message) => key.sign(message))
  })
  const fields: ProofFields = {
    documents: encodeDocuments(documents),
    owner: ada,
    ownerCard: new Uint8Array(0),
    folder: '/team',
    atMs: nowMs,
    digests,
    statements,
    refusals: { count: 2, last: [{ atMs: nowMs, asker: 'gateway', rule: 'refused.branch-stays' }] },
    ...change,
  }
  return encodeProof(fields, (message) => (keys.get(ada) as SigningKey).sign(message))
}
