import { equalBytes, fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import {
  decodeCbor,
  encodeCbor,
  readArray,
  readBytes,
  readFields,
  readInt,
  readOptional,
  readText,
} from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { countSigners, nameOf, readDid, type Signed, type VerifyAs } from './signed.ts'

/** What a branch goes by. The first is its founder's; each next one is signed by enough admins of the one before. */
export type Charter = CharterRules & {
  /** 0 is the first. */
  readonly number: number
  /** The name of the one before. */
  readonly previous?: Uint8Array
  readonly founder: string
  /** Ed25519: with which members publish where the branch is met. The same in all charters of a branch. */
  readonly meetingKey: Uint8Array
  readonly madeMs: number
}

export type CharterRules = {
  readonly name: string
  readonly admins: readonly string[]
  /** How many of the admins sign a certificate, a revocation, and the next charter. */
  readonly threshold: number
  /** Content of the branch lies on members' nodes only, and is given to members' nodes only. */
  readonly stays: boolean
  /** Content of the branch may be shared with identities that hold no membership. Nothing where it stays. */
  readonly sharesOutside: boolean
  /** Where members have to be reached, as `10.0.0.0/8`; none: anywhere. */
  readonly networks: readonly string[]
}

export const adminsMax = 16
export const networksMax = 16
const nameLettersMax = 64
const what = 'A charter'
const kind = 'branch charter'

export function encodeCharter(charter: Charter): Uint8Array {
  const { number, previous, founder, meetingKey, madeMs, name, admins, threshold } = charter
  const { stays, sharesOutside, networks } = charter
  const body = encodeCbor({
    v: 1,
    what: kind,
    number,
    ...(previous === undefined ? {} : { previous }),
    founder,
    meeting: meetingKey,
    made: madeMs,
    name,
    admins,
    threshold,
    stays,
    outside: sharesOutside,
    networks,
  })
  parseCharter(body)
  return body
}

/** Strict: `invalid.charter` for rules that cannot be kept. */
export function parseCharter(body: Uint8Array): Charter {
  const known = ['v', 'what', 'number', 'previous', 'founder', 'meeting', 'made', 'name', 'admins']
  const more = ['threshold', 'stays', 'outside', 'networks']
  const fields = readFields(decodeCbor(body, what), [...known, ...more], what)
  readInt(fields.v, 'Its version', { min: 1, max: 1 })
  if (fields.what !== kind) throw malformed('That is something else than a charter.')
  const admins = readArray(fields.admins, 'Its admins', { max: adminsMax }).map((did) =>
    readDid(did, 'An admin'),
  )
  const networks = readArray(fields.networks, 'Its networks', { max: networksMax }).map((one) =>
    readText(one, 'A network', { max: 64 }),
  )
  const previous = readOptional(fields.previous, (value) => readBytes(value, 'Its number', { length: 32 }))
  const { stays, outside } = fields
  const number = readInt(fields.number, 'Its number', { max: chartersMax - 1 })
  const name = readText(fields.name, 'Its name', { max: nameLettersMax })
  if (typeof stays !== 'boolean' || typeof outside !== 'boolean') throw malformed('A rule is yes or no.')
  if ((number === 0) !== (previous === undefined)) throw malformed('Only the first charter follows none.')
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name))
    throw malformed('A branch is named by letters, digits, spaces, dots and dashes.')
  if (!networks.every((network) => /^[0-9a-fA-F:.]{2,45}\/\d{1,3}$/.test(network)))
    throw malformed('A network is written as 10.0.0.0/8, or fd00::/8.')
  if (stays && outside)
    throw malformed('What stays with the members cannot be shared with others: choose one of the two rules.')
  if (admins.length === 0 || new Set(admins).size !== admins.length)
    throw malformed('A branch has at least one admin, and each of them once.')
  return {
    number,
    ...(previous === undefined ? {} : { previous }),
    founder: readDid(fields.founder, 'Its founder'),
    meetingKey: readBytes(fields.meeting, 'Its key', { length: 32 }),
    madeMs: readInt(fields.made, 'Its time'),
    name,
    admins,
    threshold: readInt(fields.threshold, 'Its threshold', { min: 1, max: admins.length }),
    stays,
    sharesOutside: outside,
    networks,
  }
}

/** Successors of a branch; more is a new branch. */
export const chartersMax = 32

/**
 * The id of a branch: of its meeting key and its first charter, so that whoever shows both proves that it is this branch's key, without
 * the charter itself.
 */
export function branchIdOf(meetingKey: Uint8Array, firstName: Uint8Array): Uint8Array {
  return hashBlake3(fromUtf8('anarq branch id v1\n'), meetingKey, firstName)
}

export type Chain = { readonly id: string; readonly charter: Charter; readonly charters: readonly Signed[] }

/**
 * The newest charter that follows from the first, each signed by those whom the one before names. Of two that follow one charter the
 * one with the lesser name stands, so that all members come to the same. `undefined` where there is none.
 */
export function resolveCharters(
  all: readonly Signed[],
  verify: VerifyAs,
  expectedId?: string,
): Chain | undefined {
  const read = all.flatMap((signed) => {
    try {
      return [{ signed, name: nameOf(signed), charter: parseCharter(signed.body) }]
    } catch {
      return []
    }
  })
  const first = read.find(
    ({ signed, charter, name }) =>
      charter.number === 0 &&
      countSigners(signed, [charter.founder], verify) === 1 &&
      (expectedId === undefined || toHex(branchIdOf(charter.meetingKey, name)) === expectedId),
  )
  if (first === undefined) return undefined
  const chain = [first]
  for (let last = first; ; ) {
    const next = read
      .filter(({ signed, charter }) => isNext(last, charter) && isAgreed(last.charter, signed, verify))
      .sort((a, b) => (toHex(a.name) < toHex(b.name) ? -1 : 1))[0]
    if (next === undefined) break
    chain.push(next)
    last = next
  }
  const { charter } = chain.at(-1) as typeof first
  const id = toHex(branchIdOf(first.charter.meetingKey, first.name))
  return { id, charter, charters: chain.map(({ signed }) => signed) }
}

function isNext(last: { readonly name: Uint8Array; readonly charter: Charter }, charter: Charter): boolean {
  return (
    charter.number === last.charter.number + 1 &&
    charter.previous !== undefined &&
    equalBytes(charter.previous, last.name) &&
    charter.founder === last.charter.founder &&
    equalBytes(charter.meetingKey, last.charter.meetingKey)
  )
}

function isAgreed({ admins, threshold }: Charter, signed: Signed, verify: VerifyAs): boolean {
  return countSigners(signed, admins, verify) >= threshold
}

function malformed(sentence: string): Fault {
  return new Fault('invalid.charter', sentence)
}
