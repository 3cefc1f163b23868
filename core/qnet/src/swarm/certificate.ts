import { Fault } from '@anarq/fault'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'

/** What is being agreed on: a name (a neighbourhood, a key of data) and its number in the row of versions. */
export type Subject = { readonly topic: Uint8Array; readonly sequence: number }

export type Phase = 'prepare' | 'commit'

/** Signatures of more than two thirds of an electorate under one hash: who has one needs to ask nobody. */
export type Certificate = {
  readonly phase: Phase
  readonly round: number
  readonly hash: Uint8Array
  readonly votes: readonly (readonly [index: number, signature: Uint8Array])[]
}

export type Elector = { readonly publicKey: Uint8Array }

export const roundMax = 1000

/** Of n = 3f + 1, 2f + 1; for every other n the least number whose two quorums share an honest member. One node decides alone. */
export function quorumOf(members: number): number {
  return Math.floor((2 * members) / 3) + 1
}

/** How many of so many may lie or fail without effect. */
export function faultsOf(members: number): number {
  return Math.max(0, members - quorumOf(members))
}

export function statement(
  { topic, sequence }: Subject,
  phase: Phase,
  round: number,
  hash: Uint8Array,
): Uint8Array {
  return labelled('vote', encodeCbor([topic, sequence, phase, round, hash]))
}

export function isCertified(
  certificate: Certificate,
  subject: Subject,
  electorate: readonly Elector[],
  signing: Pick<Signing, 'verify'>,
): boolean {
  const message = statement(subject, certificate.phase, certificate.round, certificate.hash)
  const seen = new Set<number>()
  for (const [index, signature] of certificate.votes) {
    const elector = electorate[index]
    if (elector === undefined || seen.has(index)) return false
    if (!signing.verify(elector.publicKey, message, signature)) return false
    seen.add(index)
  }
  return seen.size >= quorumOf(electorate.length)
}

export function encodeCertificate({ phase, round, hash, votes }: Certificate): readonly unknown[] {
  return [phase, round, hash, votes]
}

export function readCertificate(value: unknown): Certificate {
  const [phase, round, hash, votes] = readArray(value, 'a certificate', { max: 4 })
  return {
    phase: readPhase(phase),
    round: readInt(round, 'a round', { max: roundMax }),
    hash: readBytes(hash, 'a hash', { length: 32 }),
    votes: readArray(votes, 'votes', { max: 128 }).map((vote) => {
      const [index, signature] = readArray(vote, 'a vote', { max: 2 })
      return [
        readInt(index, 'a place', { max: 127 }),
        readBytes(signature, 'a signature', { max: signatureBytesMax }),
      ]
    }),
  }
}

export function readPhase(value: unknown): Phase {
  if (value === 'prepare' || value === 'commit') return value
  throw new Fault('invalid.shape', 'A vote is for "prepare" or for "commit".')
}
