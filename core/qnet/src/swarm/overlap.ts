import { compareBytes } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import { doOverlap, isUnder } from './place.ts'
import { hasMember, type Member, mergeAt, tagOf, type View } from './view.ts'

/** What a member does about another view of its part of the space. */
export type Verdict = 'adopt' | 'ask' | 'none' | 'tell'

/**
 * Two views of one part of the space: after a cut each side has its own, and networks that began apart do. Members are
 * counted in the part that both speak of, each without those that both name, so that a division of either changes nothing: the
 * greater stays the greater until there is one. Nobody leaves what it has on hearsay: it asks in, and goes when it is named.
 */
export function verdictOn(mine: View, theirs: View, self: NodeId): Verdict {
  if (!doOverlap(mine.prefix, theirs.prefix)) return 'none'
  if (!isGreater(theirs, mine)) return 'tell'
  return hasMember(theirs, self) ? 'adopt' : 'ask'
}

/** The same for everybody who compares the same two. */
export function isGreater(a: View, b: View): boolean {
  const [few, all] = a.prefix.length > b.prefix.length ? [a, b] : [b, a]
  // A small one inside a larger one comes in: alone it would ask to be taken into the one beside it anyway.
  const isSmallInside =
    few.prefix.length > all.prefix.length &&
    few.members.length <= mergeAt &&
    all.members.length > few.members.length
  if (isSmallInside) return a === all
  const inPart = ({ members }: View): readonly Member[] =>
    members.filter(({ place }) => isUnder(place, few.prefix))
  const [ofA, ofB] = [inPart(a), inPart(b)]
  const shared = ofA.filter(({ id }) => hasMember(b, id)).length
  // Most are the same: one of them is what became of the other.
  const isOneLine = shared > 0 && shared * 2 >= Math.min(ofA.length, ofB.length)
  const epochs = a.epoch - b.epoch
  const counts = ofA.length - ofB.length
  const difference = isOneLine ? epochs || counts : counts || epochs
  return difference > 0 || (difference === 0 && compareBytes(tagOf(a), tagOf(b)) < 0)
}

/** Another has a part of this one's space, and is no small one: those come in. */
export function isWithin(mine: View, theirs: View): boolean {
  return (
    theirs.prefix.length > mine.prefix.length &&
    theirs.prefix.startsWith(mine.prefix) &&
    theirs.members.length > mergeAt
  )
}

/** And nobody here, without those who leave, belongs into that part: then this one keeps what is left. */
export function mayCut(mine: View, theirs: View, leaves: ReadonlySet<NodeId>): boolean {
  return (
    isWithin(mine, theirs) &&
    !mine.members.some(({ id, place }) => !leaves.has(id) && isUnder(place, theirs.prefix))
  )
}
