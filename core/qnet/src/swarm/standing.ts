import { equalBytes } from '@anarq/bytes'
import { encodeCbor } from '@anarq/ipld'
import type { World } from '../world.ts'
import type { Contacts } from './contacts.ts'
import type { HeadStore, SignedHead } from './head-store.ts'
import { homeOfFeed, isUnder, type Place } from './place.ts'
import { labelled, type Signing } from './ports.ts'

/** In whose name a home's blocks are held. */
export type Account = {
  /** A node's key in hexadecimal; '' for all homes that no node stands for. */
  readonly name: string
  /** That node has a seat: its neighbours probe and challenge it, so it gives what it takes. */
  readonly isSeated: boolean
}

export type Standing = {
  accountOf(home: Place): Account
  /** Whether another node, which has a seat, stands for it: it is not put aside by whoever says so later. */
  isTaken(feed: Uint8Array, node: Uint8Array): boolean
  /** Whether one more index may be known here in the name of this node. */
  mayStand(node: Uint8Array): boolean
  tick(): void
}

export type StandingOptions = {
  readonly world: World
  /** Who stands for each feed; the newest counts. */
  readonly bails: HeadStore
  readonly contacts: Pick<Contacts, 'find'>
  /** Where a node with this key belongs. */
  placeOf(publicKey: Uint8Array): Place | undefined
}

/** Indexes of one node: its person's identities, many times over. */
const feedsOfNodeMax = 64
/** And of all nodes without a seat together, of the 10,000 that are known here. */
const feedsOfStrangersMax = 1250
/** A seat is looked at again after so long, and one that was not found sooner. */
const seatedMs = 3_600_000
const strangerMs = 60_000

type Seat = { isSeated: boolean; atMs: number; isAsked: boolean; feeds: number }

/** What a node says who stands for a feed. It signs: nobody's share is spent by others. */
export function bailStatement(network: string, feed: Uint8Array, atMs: number): Uint8Array {
  return labelled('bail', encodeCbor([network, feed, atMs]))
}

export function createBail(
  { publicKey, sign }: Pick<Signing, 'publicKey' | 'sign'>,
  network: string,
  feed: Uint8Array,
  atMs: number,
): SignedHead {
  return { sequence: atMs, head: publicKey, signature: sign(bailStatement(network, feed, atMs)) }
}

export function createStanding({ world, bails, contacts, placeOf }: StandingOptions): Standing {
  const nodes = new Map<string, Uint8Array>()
  const seats = new Map<string, Seat>()
  let strangers = 0
  let counted = -1

  const seatOf = (name: string): Seat => {
    const seat = seats.get(name) ?? {
      isSeated: false,
      atMs: Number.NEGATIVE_INFINITY,
      isAsked: false,
      feeds: 0,
    }
    seats.set(name, seat)
    return seat
  }

  function count(): void {
    if (counted === bails.size()) return
    counted = bails.size()
    nodes.clear()
    for (const seat of seats.values()) seat.feeds = 0
    for (const feed of bails.feeds()) {
      const [bail] = bails.get(feed)
      if (bail === undefined) continue
      nodes.set(homeOfFeed(feed).toHex(), bail.head)
      seatOf(bail.head.toHex()).feeds += 1
    }
    for (const [name, { feeds, isAsked }] of seats) if (feeds === 0 && !isAsked) seats.delete(name)
    countStrangers()
  }

  function countStrangers(): void {
    strangers = [...seats.values()].reduce((sum, { isSeated, feeds }) => sum + (isSeated ? 0 : feeds), 0)
  }

  function look(key: Uint8Array): Seat {
    const seat = seatOf(key.toHex())
    const age = Math.abs(world.clock.nowMs() - seat.atMs)
    if (seat.isAsked || age < (seat.isSeated ? seatedMs : strangerMs)) return seat
    const place = placeOf(key)
    if (place === undefined) return seat
    seat.isAsked = true
    contacts.find(place, [], (proof) => {
      const view = proof?.views.find(({ prefix }) => isUnder(place, prefix))
      const name = key.toHex()
      seat.isSeated = view?.members.some(({ publicKey }) => publicKey.toHex() === name) ?? false
      seat.atMs = world.clock.nowMs()
      seat.isAsked = false
      countStrangers()
    })
    return seat
  }

  return {
    accountOf(home) {
      count()
      const node = nodes.get(home.toHex())
      if (node === undefined) return { name: '', isSeated: false }
      return { name: node.toHex(), isSeated: look(node).isSeated }
    },
    mayStand(node) {
      count()
      const seat = seats.get(node.toHex())
      const isKnown = seat?.isSeated === true
      return (seat?.feeds ?? 0) < feedsOfNodeMax && (isKnown || strangers < feedsOfStrangersMax)
    },
    isTaken(feed, node) {
      const [bail] = bails.get(feed)
      return bail !== undefined && !equalBytes(bail.head, node) && look(bail.head).isSeated
    },
    tick() {
      // Another may stand for as many as before.
      counted = -1
      count()
    },
  }
}
