import { concatBytes, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields, readInt, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import type { Charter } from './charter.ts'
import { readCustody, type SignedCustody, splitDigests } from './custody.ts'
import { type Branch, documentsBytesMax, parseDocuments, readBranch } from './documents.ts'
import { branchContext, readDid, type VerifyAs } from './signed.ts'

/** What the owner of a folder says of it, with what others signed. */
export type ProofFields = {
  readonly documents: Uint8Array
  readonly owner: string
  /** The owner's public identity, as it encodes itself. */
  readonly ownerCard: Uint8Array
  readonly folder: string
  readonly atMs: number
  /** Names of all blocks that the folder stands on. */
  readonly digests: readonly Uint8Array[]
  readonly statements: readonly SignedCustody[]
  readonly refusals: RefusalsOnRecord
}

/** Of the folder's owner's node: since when it writes them down, how many there were, and the last of them. */
export type RefusalsOnRecord = { readonly count: number; readonly last: readonly RefusalOnRecord[] }

export type RefusalOnRecord = {
  readonly atMs: number
  /** Who asked: a node, or the door by which somebody came who proved no node. */
  readonly asker: string
  readonly rule: string
}

export type ProofReport = {
  readonly branch: string
  readonly charter: Charter
  readonly owner: string
  readonly folder: string
  readonly atMs: number
  readonly blocks: number
  /** Of the block with the fewest holders. */
  readonly copiesLeast: number
  readonly holders: readonly { readonly node: NodeId; readonly holder: string; readonly blocks: number }[]
  readonly refusals: RefusalsOnRecord
}

export const proofBytesMax: number = 64 * 1024 * 1024
export const proofBlocksMax = 250_000
const statementsMax = 65_536
export const refusalsShownMax = 256
const custodyBytesMax = 16 * 1024
/** Statements of one proof are made within this time of it. */
const freshMs = 24 * 3_600_000
const kind = 'branch proof'
const what = 'A proof of a branch'

/** Signed by the owner over the hash of all that it says. */
export function encodeProof(fields: ProofFields, sign: (message: Uint8Array) => Uint8Array): Uint8Array {
  const { documents, owner, ownerCard, folder, atMs, digests, statements, refusals } = fields
  const body = encodeCbor({
    v: 1,
    what: kind,
    documents,
    owner,
    card: ownerCard,
    folder,
    at: atMs,
    digests: concatBytes(...digests),
    statements: statements.map(({ body: said, signature }) => [said, signature]),
    refused: refusals.count,
    refusals: refusals.last.map(({ atMs: at, asker, rule }) => [at, asker, rule]),
  })
  return encodeCbor({ body, signature: sign(statementOf(body)) })
}

function statementOf(body: Uint8Array): Uint8Array {
  return encodeCbor({ what: kind, hash: hashBlake3(body) })
}

type Read = ProofFields & { readonly body: Uint8Array; readonly signature: Uint8Array }

export function parseProof(bytes: Uint8Array): Read {
  if (bytes.length > proofBytesMax)
    throw new Fault('limit.branch-proof', 'This file is too large to be a proof.')
  const outer = readFields(decodeCbor(bytes, what), ['body', 'signature'], what)
  const body = readBytes(outer.body, what, { max: proofBytesMax })
  const known = ['v', 'what', 'documents', 'owner', 'card', 'folder', 'at', 'digests', 'statements']
  const fields = readFields(decodeCbor(body, what), [...known, 'refused', 'refusals'], what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  if (fields.what !== kind) throw invalid('This file is something else than a proof of a branch.')
  const digests = readBytes(fields.digests, 'Its blocks', { max: proofBlocksMax * 32 })
  if (digests.length % 32 !== 0) throw invalid('The names of its blocks are not whole.')
  return {
    body,
    signature: readBytes(outer.signature, 'Its signature', { max: 4096 }),
    documents: readBytes(fields.documents, 'Its documents', { max: documentsBytesMax }),
    owner: readDid(fields.owner, 'Its owner'),
    ownerCard: readBytes(fields.card, 'The card of its owner', { max: 1024 * 1024 }),
    folder: readText(fields.folder, 'Its folder', { max: 4096 }),
    atMs: readInt(fields.at, 'Its time'),
    digests: splitDigests(digests),
    statements: readArray(fields.statements, 'Its statements', { max: statementsMax }).map((one) => {
      const [said, signature] = readArray(one, 'A statement', { max: 2 })
      return {
        body: readBytes(said, 'A statement', { max: custodyBytesMax }),
        signature: readBytes(signature, 'A signature', { length: 64 }),
      }
    }),
    refusals: {
      count: readInt(fields.refused, 'Its refusals'),
      last: readArray(fields.refusals, 'Its refusals', { max: refusalsShownMax }).map((one) => {
        const [at, asker, rule] = readArray(one, 'A refusal', { max: 3 })
        return {
          atMs: readInt(at, 'Its time'),
          asker: readText(asker, 'Who asked', { max: 128 }),
          rule: readText(rule, 'The rule', { max: 64 }),
        }
      }),
    },
  }
}

/**
 * Checks all that can be checked by signatures alone: the owner's, the charter's, each certificate's at the time of the proof, each
 * holder's, and that every block has a holder and every holder a membership. Throws `invalid.branch-proof` with what is wrong.
 */
export function verifyProof(proof: Read, verify: VerifyAs): ProofReport {
  const { atMs, owner, folder, digests, refusals } = proof
  if (!verify(owner, statementOf(proof.body), proof.signature, branchContext))
    throw invalid('It is not signed by the owner that it names.')
  const branch = readBranch(parseDocuments(proof.documents), verify)
  if (branch === undefined) throw invalid('Its charter is not signed by those who may.')
  if (!branch.isHolder(owner, atMs)) throw invalid('Its owner was no member of the branch.')
  const holdersOf = new Map(digests.map((digest) => [toHex(digest), new Set<NodeId>()]))
  const blocksOf = new Map<NodeId, number>()
  for (const statement of proof.statements) {
    const { node, held } = heldBy(statement, branch, atMs)
    for (const digest of held) {
      const holders = holdersOf.get(toHex(digest))
      if (holders === undefined || holders.has(node)) continue
      holders.add(node)
      blocksOf.set(node, (blocksOf.get(node) ?? 0) + 1)
    }
  }
  const counts = [...holdersOf.values()].map(({ size }) => size)
  const copiesLeast = counts.reduce((least, count) => Math.min(least, count), counts[0] ?? 0)
  if (digests.length > 0 && copiesLeast === 0)
    throw invalid(`${counts.filter((count) => count === 0).length} of its blocks have no holder who signed.`)
  return {
    branch: branch.id,
    charter: branch.charter,
    owner,
    folder,
    atMs,
    blocks: holdersOf.size,
    copiesLeast,
    holders: [...blocksOf].map(([node, blocks]) => ({
      node,
      holder: branch.memberOf(node, atMs)?.holder ?? '',
      blocks,
    })),
    refusals,
  }
}

function heldBy(
  statement: SignedCustody,
  branch: Branch,
  atMs: number,
): { node: NodeId; held: readonly Uint8Array[] } {
  const custody = readCustody(statement)
  const node = nodeIdOf(custody.nodeKey)
  if (custody.branch !== branch.id) throw invalid('A statement in it is about another branch.')
  if (Math.abs(custody.atMs - atMs) > freshMs) throw invalid('A statement in it is of another day.')
  if (branch.memberOf(node, atMs) === undefined)
    throw invalid(`A holder in it, ${node.slice(0, 16)}, was no member of the branch.`)
  return { node, held: custody.digests }
}

function invalid(sentence: string): Fault {
  return new Fault('invalid.branch-proof', `This proof does not hold. ${sentence}`)
}
