import { encodeCbor, readBytes, readInt } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Card, encodeCard } from './card.ts'
import { pick } from './chance.ts'
import { isUnder } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import { hasMember, type View, type ViewProof, viewFor } from './view.ts'

/** Who asks in. */
export type Asker = {
  readonly card: Card
  /** Of the view that it comes from; 0 where it has none. */
  readonly epoch: number
}

export type Entry = {
  askers(): readonly Asker[]
  has(id: NodeId): boolean
  /** Those who are in by now, or cannot come in, are forgotten. */
  tidy(view: View): void
  /** Asks some of those of this node's place to take it in. */
  askIn(to: ViewProof, epoch: number): void
  /** Somebody asks. True where it is new. */
  onJoin(body: readonly unknown[]): boolean
}

export type EntryOptions = {
  readonly network: string
  readonly card: Card
  readonly world: World
  readonly signing: Signing
  readCard(value: unknown): Card
  view(): View | undefined
  admits(card: Card): boolean
  isOut(id: NodeId): boolean
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  /** It is a member already, and does not know. */
  isIn(id: NodeId): void
}

const askersMax = 64
const askedOf = 3

/** The door of a neighbourhood, from both sides. */
export function createEntry(options: EntryOptions): Entry {
  const { network, card, world, signing, readCard, view, admits, isOut, send, isIn } = options
  const askers = new Map<NodeId, Asker>()
  return {
    askers: () => [...askers.values()],
    has: (id) => askers.has(id),
    tidy(now) {
      for (const [id, { card: asker }] of askers)
        if (hasMember(now, id) || isOut(id) || !isUnder(asker.place, now.prefix)) askers.delete(id)
    },
    askIn(to, epoch) {
      const ask = viewFor(to.views, card.place)?.members ?? []
      const signature = signing.sign(joinOf(network, card))
      for (const { id } of pick(ask, askedOf, world.random))
        if (id !== card.id) send(id, 'join', encodeCard(card), signature, true, epoch)
    },
    onJoin(body) {
      const asker = readCard(body[0])
      const signature = readBytes(body[1], 'a signature', { max: signatureBytesMax })
      const isFirst = body[2] === true
      const epoch = readInt(body[3], 'an epoch')
      const now = view()
      if (now === undefined || !isUnder(asker.place, now.prefix) || !admits(asker)) return false
      if (hasMember(now, asker.id)) {
        isIn(asker.id)
        return false
      }
      if (isOut(asker.id) || askers.size >= askersMax) return false
      // Only who holds the key comes in: a card alone can be had by anybody.
      const isNew = !askers.has(asker.id)
      if (isNew && !signing.verify(asker.publicKey, joinOf(network, asker), signature)) return false
      askers.set(asker.id, { card: asker, epoch })
      if (isFirst && isNew)
        for (const { id } of now.members)
          if (id !== card.id) send(id, 'join', encodeCard(asker), signature, false, epoch)
      return true
    },
  }
}

/** Whoever can sign this holds the key of the card. */
function joinOf(network: string, { publicKey, period }: Card): Uint8Array {
  return labelled('join', encodeCbor([network, publicKey, period]))
}
