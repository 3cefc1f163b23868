import { concatBytes, equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  type Cid,
  cborCodec,
  cidKey,
  decodeCbor,
  digestOf,
  encodeCbor,
  readArray,
  readBytes,
  readCid,
  readFields,
  readInt,
  readText,
} from '@anarq/ipld'
import { type BatchProof, cidOf, hashBlake3, type Signer, signBatch, verifyBatchProof } from '@anarq/qlock'
import { type Did, readDid } from './command.ts'
import type { VerifyAs } from './identities.ts'
import { type Facts, type Judgement, judge, setsFor } from './judge.ts'
import type { Policies, PolicySetName } from './policies.ts'

/** The texts of every set, as they were in force. */
export type PolicyTexts = Readonly<Record<PolicySetName, readonly string[]>>

/** A decision in hashes: it proves what was decided on what, and tells neither to who does not have the facts. */
export type Receipt = { readonly bytes: Uint8Array; readonly cid: Cid }

export type ReceiptFields = {
  readonly by: Did
  readonly atMs: number
  readonly verdict: 'allow' | 'deny'
  readonly code: string
  /** Of the salt and the request. */
  readonly requestHash: Uint8Array
  /** Of the salt and everything else that was known: identities, statuses, uses. */
  readonly factsHash: Uint8Array
  readonly proofs: readonly Cid[]
  /** One for each set that had a say, in the order of `setsFor`. */
  readonly policyHashes: readonly Uint8Array[]
  /** Of each proof's issuer: the sequence of its status, 0 where none was known. */
  readonly statusSequence: readonly number[]
  readonly reasons: readonly string[]
}

/** What the owner keeps beside a receipt, so that it can be replayed. */
export type ReceiptInputs = {
  readonly facts: Facts
  readonly policyTexts: PolicyTexts
  /** 16 secret bytes, without which nobody can try guesses of the request against the receipt. */
  readonly salt: Uint8Array
}

export type SignedReceipt = { readonly receipt: Receipt; readonly proof: BatchProof }

export type Replay = {
  readonly matches: boolean
  /** The fields that differ. */
  readonly differs: readonly string[]
  readonly judgement: Judgement
}

export const receiptContext = 'anarq/qonsent/receipts/1'
const receiptBytesMax = 65_536
const hashBytes = 32
const keys = [
  'v',
  'by',
  'at',
  'verdict',
  'code',
  'requestHash',
  'factsHash',
  'proofs',
  'policyHashes',
  'statusSequence',
  'reasons',
] as const

export function writeReceipt(judgement: Judgement, { facts, policyTexts, salt }: ReceiptInputs): Receipt {
  const { by, atMs, request, proofs, statuses } = facts
  const bytes = encodeCbor({
    v: 1,
    by,
    at: atMs,
    verdict: judgement.verdict,
    code: judgement.code,
    requestHash: saltedHash(salt, request),
    factsHash: saltedHash(salt, factsOf(facts)),
    proofs: proofs.map(({ cid }) => cid),
    policyHashes: setsFor(request).map((set) => hashPolicyTexts(policyTexts[set])),
    statusSequence: proofs.map(({ iss }) => statuses.get(iss)?.sequence ?? 0),
    reasons: judgement.reasons.map(({ id }) => id),
  })
  return { bytes, cid: cidOf(cborCodec, bytes) }
}

/** Strict; throws `invalid.*` and `limit.receipt`. */
export function parseReceipt(bytes: Uint8Array): ReceiptFields {
  const what = 'This receipt'
  if (bytes.length > receiptBytesMax)
    throw new Fault('limit.receipt', `${what} has more than ${receiptBytesMax} bytes.`)
  const fields = readFields(decodeCbor(bytes, what), keys, what)
  if (fields.v !== 1) throw new Fault('invalid.receipt', `${what} is of a version that is not known here.`)
  const { verdict } = fields
  if (verdict !== 'allow' && verdict !== 'deny')
    throw new Fault('invalid.receipt', `${what} says neither allow nor deny.`)
  const hash = (value: unknown): Uint8Array => readBytes(value, `A hash of ${what}`, { length: hashBytes })
  const list = (value: unknown): readonly unknown[] => readArray(value, what, { max: 1024 })
  return {
    by: readDid(fields.by, 'Who decided'),
    atMs: readInt(fields.at, 'Its time'),
    verdict,
    code: readText(fields.code, 'Its code', { max: 64 }),
    requestHash: hash(fields.requestHash),
    factsHash: hash(fields.factsHash),
    proofs: list(fields.proofs).map((cid) => readCid(cid, 'A proof')),
    policyHashes: list(fields.policyHashes).map(hash),
    statusSequence: list(fields.statusSequence).map((sequence) => readInt(sequence, 'A sequence')),
    reasons: list(fields.reasons).map((id) => readText(id, 'A rule', { max: 256 })),
  }
}

/** One composite signature for any number of receipts (a Merkle root), because one costs about a millisecond. */
export function signReceipts(signer: Signer, receipts: readonly Receipt[]): readonly SignedReceipt[] {
  if (receipts.length === 0) return []
  const digests = receipts.map(({ cid }) => digestOf(cid))
  const batch = signBatch(signer, digests, receiptContext)
  return receipts.map((receipt, index) => ({ receipt, proof: batch.proof(index) }))
}

/** Whether the bytes are a receipt that the holder of this key signed. */
export function verifyReceipt(publicKey: Uint8Array, bytes: Uint8Array, proof: BatchProof): boolean {
  return verifyBatchProof(publicKey, digestOf(cidOf(cborCodec, bytes)), proof, receiptContext)
}

/**
 * Decides again, offline, from what the owner kept, and says whether every field of the receipt comes out the same.
 * `policies` is an engine of the caller's for this; its sets are replaced.
 */
export function replayReceipt(
  bytes: Uint8Array,
  inputs: ReceiptInputs,
  { policies, verify }: { policies: Policies; verify: VerifyAs },
): Replay {
  const said = parseReceipt(bytes)
  for (const set of setsFor(inputs.facts.request)) policies.load(set, inputs.policyTexts[set])
  const judgement = judge(inputs.facts, { policies, verify })
  const again = parseReceipt(writeReceipt(judgement, inputs).bytes)
  const differs = Object.keys(again).filter((name) => {
    const field = name as keyof ReceiptFields
    return !equalBytes(encodeCbor(said[field]), encodeCbor(again[field]))
  })
  return { matches: differs.length === 0, differs, judgement }
}

function hashPolicyTexts(texts: readonly string[]): Uint8Array {
  return hashBlake3(encodeCbor(texts))
}

function saltedHash(salt: Uint8Array, value: unknown): Uint8Array {
  return hashBlake3(concatBytes(salt, encodeCbor(value)))
}

/** Only what the proofs and the request name: facts about others change nothing and are not bound. */
function factsOf({ request, proofs, states, statuses, uses }: Facts): unknown {
  const dids = [request.subject, request.owner, ...proofs.map(({ iss }) => iss)]
  return {
    states: dids.map((did) => states.get(did) ?? null),
    statuses: proofs.map(({ iss }) => statuses.get(iss)?.cid ?? null),
    uses: proofs.map(({ cid }) => uses.get(cidKey(digestOf(cid))) ?? 0),
  }
}
