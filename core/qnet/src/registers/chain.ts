import { compareBytes, concatBytes, equalBytes, fromBase32, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { nodeIdOf } from '../node-id.ts'
import {
  type Certificate,
  type Elector,
  encodeCertificate,
  isCertified,
  readCertificate,
  type Signing,
  type Subject,
} from '../swarm/index.ts'
import {
  encodeDescriptor,
  hashOfElectors,
  type Named,
  readDescriptor,
  readElectorKeys,
} from './descriptor.ts'
import { type Entry, encodeEntry, follows, hashOfEntry, isLater, isWritten, readEntry } from './entry.ts'

/** A change of who decides, decided by those who did before. */
export type Link = {
  readonly number: number
  readonly electors: readonly Elector[]
  readonly certificate: Certificate
}

/** A version, and why it stands: the writer's signature, and but for a private one the electors'. */
export type Version = { readonly entry: Entry; readonly certificate: Certificate | undefined }

/**
 * A register as far as somebody knows it. Its steps are numbered from 1 on: each is a version or a link, and is decided by the
 * electors that the last link before it named, the first ones by the founders, who are in the id. So there is one history.
 */
export type Chain = Named & {
  readonly founders: readonly Elector[]
  /** All of them. */
  readonly links: readonly Link[]
  /** The last ones, the oldest first. */
  readonly versions: readonly Version[]
}

/** What electors agree on. */
export type Step =
  | { readonly number: number; readonly entry: Entry }
  | { readonly number: number; readonly electors: readonly Elector[] }

export const tagBytes = 8
export const versionsKept = 16
/** Of values, all versions that are kept together. */
const historyBytesMax = 64 * 1024
/** Each costs whoever meets the register anew a certificate to check. */
export const linksMax = 128
const topicLabel = fromUtf8('anarq register step v1\n')

type Verify = Pick<Signing, 'verify'>

export function electorOf(publicKey: Uint8Array): Elector {
  const id = nodeIdOf(publicKey)
  return { id, idBytes: fromBase32(id), publicKey }
}

/** In the one order that counts. */
export function sortElectors(electors: readonly Elector[]): readonly Elector[] {
  return electors
    .map(({ id, idBytes, publicKey }) => ({ id, idBytes, publicKey }))
    .sort((a, b) => compareBytes(a.idBytes, b.idBytes))
}

export function lastOf({ versions }: Chain): Version | undefined {
  return versions.at(-1)
}

/** How many steps it has. */
export function numberOf(chain: Chain): number {
  return chain.links.length + (lastOf(chain)?.entry.version ?? 0)
}

/** Eight bytes that tell two ends of one length apart. */
export function tagOf(chain: Chain): Uint8Array {
  const last = lastOf(chain)?.entry
  return (last === undefined ? chain.id : hashOfEntry(last)).slice(0, tagBytes)
}

/** Who decides on the next step. */
export function electorsOf({ links, founders }: Chain): readonly Elector[] {
  return links.at(-1)?.electors ?? founders
}

/** The number of the step that a version was. */
export function numberOfVersion(chain: Pick<Chain, 'links'>, version: number): number {
  let number = version
  for (const link of chain.links) if (link.number <= number) number += 1
  return number
}

export function subjectOf(id: Uint8Array, number: number): Subject {
  return { topic: concatBytes(topicLabel, id), sequence: number }
}

export function encodeStep(id: Uint8Array, step: Step): Uint8Array {
  return 'entry' in step
    ? encodeCbor([1, id, step.number, 'set', encodeEntry(step.entry)])
    : encodeCbor([1, id, step.number, 'move', step.electors.map(({ publicKey }) => publicKey)])
}

/** `undefined` for a step of another register. */
export function readStep(id: Uint8Array, bytes: Uint8Array): Step | undefined {
  const [version, of, number, kind, body] = readArray(decodeCbor(bytes), 'A step', { max: 5 })
  readInt(version, 'Its version', { min: 1, max: 1 })
  const at = readInt(number, 'Its number', { min: 1 })
  if (!(of instanceof Uint8Array) || !equalBytes(of, id)) return undefined
  if (kind === 'set') return { number: at, entry: readEntry(body) }
  if (kind === 'move') return { number: at, electors: readElectors(body) }
  throw new Fault('invalid.shape', 'A step of a register sets its value or moves it.')
}

/** The chain with a step that was decided, checked by whoever asks. */
export function withStep(chain: Chain, step: Step, certificate: Certificate): Chain {
  if ('electors' in step) return { ...chain, links: [...chain.links, { ...step, certificate }] }
  return withVersion(chain, { entry: step.entry, certificate })
}

export function withVersion(chain: Chain, version: Version): Chain {
  return { ...chain, versions: trimmed([...chain.versions, version]) }
}

/** The last ones: at most so many, and of large ones fewer, so that a history is bounded too. */
export function trimmed(versions: readonly Version[], countMax: number = versionsKept): readonly Version[] {
  let bytes = 0
  const from = versions.findLastIndex(({ entry }, i) => {
    bytes += entry.value.length
    return i < versions.length - 1 && (bytes > historyBytesMax || versions.length - i > countMax)
  })
  return versions.slice(from + 1)
}

/** For somebody who has so many steps of it: without the versions that are in those, but for the last one. */
export function since(chain: Chain, number: number): Chain {
  const fresh = chain.versions.filter(({ entry }) => numberOfVersion(chain, entry.version) > number)
  return { ...chain, versions: fresh.length === 0 ? chain.versions.slice(-1) : fresh }
}

export function encodeChain({ descriptor, founders, links, versions }: Chain): readonly unknown[] {
  return [
    encodeDescriptor(descriptor),
    founders.map(({ publicKey }) => publicKey),
    links.map(encodeLink),
    versions.map(encodeVersion),
  ]
}

export function encodeLink({ number, electors, certificate }: Link): readonly unknown[] {
  return [number, electors.map(({ publicKey }) => publicKey), encodeCertificate(certificate)]
}

export function encodeVersion({ entry, certificate }: Version): readonly unknown[] {
  return [encodeEntry(entry), certificate === undefined ? null : encodeCertificate(certificate)]
}

/** The form alone, and that the founders are those of the id. What it claims is checked by `extended`. */
export function readChain(value: unknown): Chain {
  const [head, founders, links, versions, ...rest] = readArray(value, 'A register', { max: 4 })
  if (rest.length > 0) throw broken('more than it is made of')
  const named = readDescriptor(head)
  const { class: of, founders: hash } = named.descriptor
  const electors = of === 'private' ? [] : readElectors(founders)
  if (of !== 'private' && !equalBytes(hashOfElectors(electors), hash)) throw broken('other founders')
  return {
    ...named,
    founders: electors,
    links: readArray(links, 'Its links', { max: of === 'private' ? 0 : linksMax }).map(readLink),
    versions: readArray(versions, 'Its versions', { max: versionsKept }).map(readVersion),
  }
}

export function readLink(value: unknown): Link {
  const [number, electors, certificate] = readArray(value, 'A link', { max: 3 })
  return {
    number: readInt(number, 'Its number', { min: 1 }),
    electors: readElectors(electors),
    certificate: readCertificate(certificate),
  }
}

export function readVersion(value: unknown): Version {
  const [entry, certificate] = readArray(value, 'A version', { max: 2 })
  return {
    entry: readEntry(entry),
    certificate: certificate === null ? undefined : readCertificate(certificate),
  }
}

/**
 * What `claimed` proves beyond `known`, which may be nothing: every step after that was signed by more than two thirds of those
 * who decided on it. `undefined` where it is not further; throws `refused.register` where it proves nothing.
 */
export function extended(known: Chain | undefined, claimed: Chain, verify: Verify): Chain | undefined {
  if (known !== undefined && !equalBytes(known.id, claimed.id)) throw broken('another id')
  if (claimed.descriptor.class === 'private') return extendedPrivate(known, claimed)
  const from = known === undefined ? 0 : numberOf(known)
  if (known !== undefined && numberOf(claimed) <= from) return undefined
  checkOrder(claimed)
  let electors = known === undefined ? claimed.founders : electorsOf(known)
  if (
    known !== undefined &&
    claimed.links.filter(({ number }) => number <= from).length !== known.links.length
  )
    throw broken('another history')
  const fresh = [
    ...claimed.links.map((link) => ({ number: link.number, link })),
    ...claimed.versions.map((version) => ({
      number: numberOfVersion(claimed, version.entry.version),
      version,
    })),
  ]
    .filter(({ number }) => number > from)
    .sort((a, b) => a.number - b.number)
  let last = known === undefined ? undefined : lastOf(known)?.entry
  let isWhole = true
  for (const step of fresh) {
    if ('link' in step) {
      const { link } = step
      checkStep(claimed, { number: link.number, electors: link.electors }, link.certificate, electors, verify)
      electors = link.electors
    } else {
      const { entry, certificate } = step.version
      // Versions that nobody keeps any more cannot be shown; the certificate of a later one stands for them.
      const isGap = entry.version > (last?.version ?? 0) + 1
      if (!isGap && !follows(claimed, entry, last)) throw broken('a version that does not follow')
      if (!isWritten(claimed, entry) || certificate === undefined)
        throw broken('a version that nobody may write')
      checkStep(claimed, { number: step.number, entry }, certificate, electors, verify)
      isWhole &&= !isGap
      last = entry
    }
  }
  // What was known stays as it was checked then; of what is claimed only the fresh part was checked now.
  const versions = fresh.flatMap((step) => ('version' in step ? [step.version] : []))
  const links = fresh.flatMap((step) => ('link' in step ? [step.link] : []))
  return {
    ...claimed,
    links: [...(known?.links ?? []), ...links],
    versions: trimmed([...(isWhole ? (known?.versions ?? []) : []), ...versions]),
  }
}

function extendedPrivate(known: Chain | undefined, claimed: Chain): Chain | undefined {
  checkOrder(claimed)
  const [mine, theirs] = [known && lastOf(known)?.entry, lastOf(claimed)?.entry]
  if (theirs === undefined) throw broken('no version')
  if (mine !== undefined && !isLater(theirs, mine)) return undefined
  const seen = new Set(known?.versions.map(({ entry }) => hashOfEntry(entry).toHex()))
  for (const { entry } of claimed.versions)
    if (!seen.has(hashOfEntry(entry).toHex()) && !isWritten(claimed, entry))
      throw broken('a version that nobody may write')
  const first = claimed.versions[0]?.entry as Entry
  const isNext = mine !== undefined && follows(claimed, first, mine)
  return isNext
    ? { ...claimed, versions: trimmed([...(known?.versions ?? []), ...claimed.versions]) }
    : claimed
}

/** One version after the other, and link numbers that leave room for exactly the versions there are. */
export function checkOrder(chain: Chain): void {
  const { links, versions } = chain
  for (const [i, { entry }] of versions.entries())
    if (i > 0 && !follows(chain, entry, (versions[i - 1] as Version).entry))
      throw broken('a version that does not follow')
  const first = versions[0]?.entry
  if (first?.version === 1 && !follows(chain, first, undefined))
    throw broken('a version that does not follow')
  const isRising = links.every(({ number }, i) => number > (links[i - 1]?.number ?? 0))
  if (!isRising || (links.at(-1)?.number ?? 0) > numberOf(chain)) throw broken('links out of order')
}

function checkStep(
  { id }: Chain,
  step: Step,
  certificate: Certificate,
  electors: readonly Elector[],
  verify: Verify,
): void {
  const isRight =
    certificate.phase === 'commit' &&
    equalBytes(hashBlake3(encodeStep(id, step)), certificate.hash) &&
    isCertified(certificate, subjectOf(id, step.number), electors, verify)
  if (!isRight) throw broken('a step that too few signed')
}

function readElectors(value: unknown): readonly Elector[] {
  const electors = readElectorKeys(value).map(electorOf)
  if (
    electors.some(
      ({ idBytes }, i) => i > 0 && compareBytes((electors[i - 1] as Elector).idBytes, idBytes) >= 0,
    )
  )
    throw broken('electors out of order')
  return electors
}

function broken(why: string): Fault {
  return new Fault('refused.register', `A register was refused: it shows ${why}.`)
}
