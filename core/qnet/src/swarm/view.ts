import { compareBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt, readText } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import { type Card, encodeCard } from './card.ts'
import {
  type Certificate,
  encodeCertificate,
  isCertified,
  readCertificate,
  type Subject,
} from './certificate.ts'
import {
  bitAt,
  doOverlap,
  isUnder,
  membersMax,
  type Place,
  type Prefix,
  prefixBitsMax,
  siblingOf,
} from './place.ts'
import { labelled, type Signing } from './ports.ts'

export type Member = Card & { readonly seat: number }

/** Who is in a neighbourhood; each change is the next epoch. */
export type View = {
  readonly prefix: Prefix
  readonly epoch: number
  /** By seat. */
  readonly members: readonly Member[]
}

/**
 * Why a view stands: more than two thirds of the members before signed it (`agreed`), or, where too many of those are gone
 * for that, every single one of the members it names (`recovered`; a founder alone is one of these).
 */
export type ViewProof = {
  readonly kind: 'agreed' | 'recovered'
  readonly from: Prefix
  /** The hash of the view that was left: of two halves that each went on, a signature for one is none for the other. */
  readonly previous: Uint8Array
  readonly value: Uint8Array
  readonly views: readonly View[]
  readonly certificate: Certificate
  /** Who signed, or might have. */
  readonly electorate: readonly Card[]
}

/** Below, a neighbourhood asks its sibling to become one with it. */
export const mergeAt = 8
/** Together at most so many, so that the next who comes does not split them again. */
export const mergeMax = 20

const viewsMax = 8

export type Change = {
  readonly joins: readonly Card[]
  readonly leaves: ReadonlySet<NodeId>
  /** The sibling neighbourhood that comes in as a whole. */
  readonly merge?: View | undefined
  /** A part of the space that is another's: what is left of this one's is kept. */
  readonly cut?: Prefix | undefined
  /** Of what comes next: above all that those who come had. One more than now without it. */
  readonly epoch?: number | undefined
}

/** Whoever lies about its epoch moves a neighbourhood on by so much, and never to the end of all numbers. */
export const epochStepMax = 1_000_000

/** What comes after: one view, or several where there are more members than seats. */
export function nextViews(view: View, { joins, leaves, merge, cut, epoch: given }: Change): View[] {
  const prefix = merge === undefined ? view.prefix : view.prefix.slice(0, -1)
  const epoch = given ?? Math.max(view.epoch, merge?.epoch ?? 0) + 1
  const stay = view.members.filter(({ id }) => !leaves.has(id))
  const known = new Set(stay.map(({ id }) => id))
  const come: Card[] = []
  for (const card of [...(merge?.members ?? []), ...joins]) {
    if (known.has(card.id) || !isUnder(card.place, prefix)) continue
    known.add(card.id)
    come.push(card)
  }
  come.sort((a, b) => compareBytes(a.idBytes, b.idBytes))
  if (cut === undefined) return divide(prefix, epoch, stay, come)
  return around(prefix, cut).flatMap((part) => {
    const isHere = ({ place }: Card): boolean => isUnder(place, part)
    return divide(part, epoch, stay.filter(isHere), come.filter(isHere))
  })
}

/** What is left of a part of the space without a part of it. */
function around(prefix: Prefix, cut: Prefix): Prefix[] {
  return Array.from({ length: cut.length - prefix.length }, (_, i) =>
    siblingOf(cut.slice(0, prefix.length + i + 1)),
  )
}

function divide(prefix: Prefix, epoch: number, stay: readonly Member[], come: readonly Card[]): View[] {
  if (stay.length + come.length === 0) return []
  if (stay.length + come.length <= membersMax || prefix.length >= prefixBitsMax)
    return [{ prefix, epoch, members: seat(stay, come.slice(0, membersMax - stay.length)) }]
  return (['0', '1'] as const).flatMap((bit) => {
    const isHere = ({ place }: Card): boolean => bitAt(place, prefix.length) === Number(bit)
    return divide(prefix + bit, epoch, stay.filter(isHere), come.filter(isHere))
  })
}

/** Who stays keeps the seat; who comes gets the first free ones. */
function seat(stay: readonly Member[], come: readonly Card[]): Member[] {
  const taken = new Set(stay.map((member) => member.seat))
  let free = 0
  const seated = come.map((card) => {
    while (taken.has(free)) free += 1
    taken.add(free)
    return { ...card, seat: free }
  })
  return [...stay, ...seated].sort((a, b) => a.seat - b.seat)
}

export function encodeViews(views: readonly View[]): Uint8Array {
  return encodeCbor(
    views.map(({ prefix, epoch, members }) => [
      prefix,
      epoch,
      members.map((member) => [member.seat, encodeCard(member)]),
    ]),
  )
}

/** Strict: every member's card is checked, each stands under the prefix, no seat is taken twice. */
export function decodeViews(value: Uint8Array, readCard: (value: unknown) => Card): View[] {
  const views = readArray(decodeCbor(value), 'views', { max: viewsMax }).map((one) => readView(one, readCard))
  if (views.length === 0) throw new Fault('invalid.view', 'A neighbourhood without members was named.')
  return views
}

function readView(value: unknown, readCard: (value: unknown) => Card): View {
  const [prefixRead, epochRead, membersRead] = readArray(value, 'a view', { max: 3 })
  const prefix = readPrefix(prefixRead)
  const members = readArray(membersRead, 'members', { max: membersMax }).map((entry) => {
    const [seatRead, card] = readArray(entry, 'a member', { max: 2 })
    return { ...readCard(card), seat: readInt(seatRead, 'a seat', { max: membersMax - 1 }) }
  })
  const isSorted = members.every((member, i) => i === 0 || (members[i - 1] as Member).seat < member.seat)
  const isUnique = new Set(members.map(({ id }) => id)).size === members.length
  if (!isSorted || !isUnique || members.length === 0 || members.some(({ place }) => !isUnder(place, prefix)))
    throw new Fault('invalid.view', 'A neighbourhood was named with members that cannot be in it.')
  return { prefix, epoch: readInt(epochRead, 'an epoch'), members }
}

export function readPrefix(value: unknown): Prefix {
  const prefix = readText(value, 'a prefix', { max: prefixBitsMax })
  if (!/^[01]*$/.test(prefix))
    throw new Fault('invalid.prefix', 'A neighbourhood is named by zeros and ones.')
  return prefix
}

/** The view that is left says all; what comes next says its own epoch. */
export function viewSubject(network: string, from: Prefix, previous: Uint8Array): Subject {
  return { topic: labelled('view', encodeCbor([network, from, previous])), sequence: 0 }
}

export function recoverySubject(network: string, from: Prefix, epoch: number): Subject {
  return { topic: labelled('recovery', encodeCbor([network, from])), sequence: epoch }
}

/** Whether it proves what it says, for somebody who knows nothing else. */
export function isProved(proof: ViewProof, network: string, signing: Pick<Signing, 'verify'>): boolean {
  const { kind, from, previous, value, views, certificate, electorate } = proof
  const epoch = views[0]?.epoch ?? 0
  const isWhole =
    certificate.phase === 'commit' &&
    compareBytes(hashBlake3(value), certificate.hash) === 0 &&
    views.every((view) => view.epoch === epoch && doOverlap(view.prefix, from)) &&
    new Set(electorate.map(({ id }) => id)).size === electorate.length
  if (!isWhole) return false
  if (kind === 'agreed')
    return (
      electorate.every(({ place }) => isUnder(place, from)) &&
      isCertified(certificate, viewSubject(network, from, previous), electorate, signing)
    )
  const named = views.flatMap(({ members }) => members)
  return (
    certificate.votes.length === named.length &&
    named.length === electorate.length &&
    named.every(({ id }, i) => electorate[i]?.id === id) &&
    isCertified(certificate, recoverySubject(network, from, epoch), electorate, signing)
  )
}

export function encodeProof({
  kind,
  from,
  previous,
  value,
  certificate,
  electorate,
}: ViewProof): readonly unknown[] {
  const cards = kind === 'agreed' ? electorate.map(encodeCard) : null
  return [kind === 'agreed', from, previous, value, encodeCertificate(certificate), cards]
}

export function readProof(part: unknown, readCard: (value: unknown) => Card): ViewProof {
  const [isAgreed, from, previous, valueRead, certificate, cards] = readArray(part, 'a proof', { max: 6 })
  if (!(valueRead instanceof Uint8Array) || valueRead.length > 64 * 1024 || typeof isAgreed !== 'boolean')
    throw new Fault('invalid.proof', 'A proof of a neighbourhood is malformed.')
  const views = decodeViews(valueRead, readCard)
  return {
    kind: isAgreed ? 'agreed' : 'recovered',
    from: readPrefix(from),
    previous: readBytes(previous, 'a hash', { length: 32 }),
    value: valueRead,
    views,
    certificate: readCertificate(certificate),
    electorate: isAgreed
      ? readArray(cards, 'an electorate', { max: membersMax }).map(readCard)
      : views.flatMap(({ members }) => members),
  }
}

export function hashOfView(view: View): Uint8Array {
  return hashBlake3(encodeViews([view]))
}

/** Eight bytes that tell two views apart. */
export function tagOf(view: View): Uint8Array {
  return hashOfView(view).slice(0, 8)
}

export function viewFor(views: readonly View[], place: Place): View | undefined {
  return views.find(({ prefix }) => isUnder(place, prefix))
}

export function hasMember(view: View, id: NodeId): boolean {
  return view.members.some((member) => member.id === id)
}

/** Whether the smaller of two siblings may come into the other: who asks, and who is asked, decide by the same rule. */
export function mayMerge(small: View, into: View): boolean {
  const isSibling = small.prefix !== '' && into.prefix === siblingOf(small.prefix)
  const isSmaller =
    small.members.length < into.members.length ||
    (small.members.length === into.members.length && small.prefix.endsWith('1'))
  const total = small.members.length + into.members.length
  return isSibling && isSmaller && small.members.length <= mergeAt && total <= mergeMax
}

/** Agreed by those who are in this view, as the next after it. */
export function isNextOf(next: ViewProof, view: View): boolean {
  const epoch = next.views[0]?.epoch ?? 0
  return (
    next.from === view.prefix &&
    epoch > view.epoch &&
    epoch <= view.epoch + epochStepMax &&
    compareBytes(next.previous, hashOfView(view)) === 0 &&
    next.electorate.length === view.members.length &&
    next.electorate.every(({ id }, i) => view.members[i]?.id === id)
  )
}
