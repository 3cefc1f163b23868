import { readArray, readBytes, readInt } from '@anarq/ipld'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Card, encodeCard } from './card.ts'
import { fraction, pick } from './chance.ts'
import { flipped, isUnder, type Place, placeBytes, sharedBits } from './place.ts'
import { encodeProof, readProof, type View, type ViewProof } from './view.ts'

export type Contacts = {
  /** A node that was seen to be there. Bounded: so many for each bit that its place has in common with this node's. */
  add(card: Card): void
  drop(id: NodeId): void
  /** The known nodes whose places are nearest to it. */
  near(place: Place, count: number): readonly Card[]
  size(): number
  /** The neighbourhood for a place, asked from node to node; `undefined` where nobody led there. */
  find(place: Place, start: readonly NodeId[], then: (proof: ViewProof | undefined) => void): void
  /** One exchange with one node of one other part of the space. */
  exchange(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
}

export type ContactsOptions = {
  readonly self: Card
  readonly world: World
  readCard(value: unknown): Card
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  view(): View | undefined
  proof(): ViewProof | undefined
  learned(proof: ViewProof, from: NodeId): boolean
  readonly timeoutMs?: number
}

const perBit = 3
const hopsMax = 48
const searchesMax = 256
const answerCards = 4

type Search = {
  readonly place: Place
  readonly then: (proof: ViewProof | undefined) => void
  readonly asked: Set<NodeId>
  readonly open: { id: NodeId; shared: number }[]
  waitingFor: NodeId | undefined
  stop: () => void
}

/**
 * Ways to the other parts of the space: for each bit of this node's place, a few nodes beyond it (Kademlia's table over
 * places). A search halves what is left with each step, and state and traffic of a node grow with the logarithm of the network.
 */
export function createContacts({
  self,
  world,
  readCard,
  send,
  view,
  proof,
  learned,
  timeoutMs = 3000,
}: ContactsOptions): Contacts {
  const table = new Map<number, Card[]>()
  const searches = new Map<number, Search>()
  const waiting = new Map<number, () => void>()
  let nonce = 0

  function add(card: Card): void {
    if (card.id === self.id) return
    const bit = sharedBits(card.place, self.place)
    const row = table.get(bit) ?? []
    if (row.some(({ id }) => id === card.id)) return
    row.push(card)
    if (row.length > perBit) row.splice(Math.floor(fraction(world.random) * row.length), 1)
    table.set(bit, row)
  }

  function drop(id: NodeId): void {
    for (const [bit, row] of table) {
      const left = row.filter((card) => card.id !== id)
      if (left.length === 0) table.delete(bit)
      else table.set(bit, left)
    }
  }

  /** Of this part of the space, and no member: there are two views of it. */
  function contradicted({ id, place }: Card): void {
    const here = view()
    const isNeighbour = here?.members.some((member) => member.id === id) === true
    if (here !== undefined && isUnder(place, here.prefix) && !isNeighbour) send(id, 'view?')
  }

  function near(place: Place, count: number): Card[] {
    const known = [...[...table.values()].flat(), ...(view()?.members ?? [])].filter(
      ({ id }) => id !== self.id,
    )
    const byId = new Map(known.map((card) => [card.id, card]))
    return [...byId.values()]
      .sort((a, b) => sharedBits(b.place, place) - sharedBits(a.place, place) || (a.id < b.id ? -1 : 1))
      .slice(0, count)
  }

  function step(number: number): void {
    const search = searches.get(number)
    if (search === undefined) return
    search.open.sort((a, b) => b.shared - a.shared)
    const next = search.open.shift()
    if (next === undefined || search.asked.size >= hopsMax) {
      searches.delete(number)
      search.then(undefined)
      return
    }
    search.asked.add(next.id)
    search.waitingFor = next.id
    search.stop = world.after(timeoutMs, () => {
      drop(next.id)
      step(number)
    })
    send(next.id, 'find', number, search.place)
  }

  function onAnswer(from: NodeId, kind: string, body: readonly unknown[]): void {
    const number = readInt(body[0], 'a number')
    const search = searches.get(number)
    if (search === undefined || search.waitingFor !== from) return
    search.stop()
    search.waitingFor = undefined
    if (kind === 'found') {
      const found = readProof(body[1], readCard)
      const isHere = found.views.some((one) => isUnder(search.place, one.prefix))
      if (isHere && learned(found, from)) {
        searches.delete(number)
        for (const { members } of found.views) for (const member of members) add(member)
        search.then(found)
        return
      }
    } else {
      for (const card of readArray(body[1], 'cards', { max: answerCards }).map(readCard)) {
        const isKnown = search.asked.has(card.id) || search.open.some(({ id }) => id === card.id)
        if (!isKnown && card.id !== self.id)
          search.open.push({ id: card.id, shared: sharedBits(card.place, search.place) })
      }
    }
    step(number)
  }

  return {
    add,
    drop,
    near,
    size: () => [...table.values()].reduce((sum, row) => sum + row.length, 0),
    find(place, start, then) {
      const here = view()
      const own = proof()
      if (here !== undefined && own !== undefined && isUnder(place, here.prefix)) {
        then(own)
        return
      }
      if (searches.size >= searchesMax) {
        then(undefined)
        return
      }
      nonce = (nonce + 1) >>> 0
      const known = near(place, 8).map(({ id, place: at }) => ({ id, shared: sharedBits(at, place) }))
      const first = start.filter((id) => id !== self.id).map((id) => ({ id, shared: -1 }))
      const search: Search = {
        place,
        then,
        asked: new Set(),
        open: [...known, ...first],
        waitingFor: undefined,
        stop: () => {},
      }
      searches.set(nonce, search)
      step(nonce)
    },
    exchange() {
      const known = [...table.values()].flat()
      const lacking = Array.from({ length: view()?.prefix.length ?? 0 }, (_, bit) => bit).filter(
        (bit) => !table.has(bit),
      )
      const bit = pick(lacking, 1, world.random)[0]
      // Neighbours look out to the same parts of the space: what one has lost, another may have.
      const ask = bit === undefined ? known : (view()?.members.filter(({ id }) => id !== self.id) ?? [])
      const card = pick(ask, 1, world.random)[0]
      if (card === undefined) return
      nonce = (nonce + 1) >>> 0
      const asked = nonce
      const wanted = bit === undefined ? self.place : flipped(self.place, bit)
      const stop = world.after(timeoutMs * 2, () => {
        waiting.delete(asked)
        drop(card.id)
      })
      waiting.set(asked, stop)
      send(card.id, 'digest', asked, encodeCard(self), near(card.place, answerCards).map(encodeCard), wanted)
    },
    receive(from, kind, body) {
      if (kind === 'find') {
        const number = readInt(body[0], 'a number')
        const place = readBytes(body[1], 'a place', { length: placeBytes })
        const here = view()
        const own = proof()
        if (here !== undefined && own !== undefined && isUnder(place, here.prefix))
          send(from, 'found', number, encodeProof(own))
        else send(from, 'closer', number, near(place, answerCards).map(encodeCard))
      } else if (kind === 'found' || kind === 'closer') onAnswer(from, kind, body)
      else if (kind === 'digest') {
        const number = readInt(body[0], 'a number')
        const cards = readArray(body[2], 'cards', { max: answerCards }).map(readCard)
        const sender = readCard(body[1])
        if (sender.id !== from) return true
        for (const card of [sender, ...cards]) add(card)
        contradicted(sender)
        if (body[3] !== null) {
          const wanted = readBytes(body[3], 'a place', { length: placeBytes })
          send(from, 'digest', number, encodeCard(self), near(wanted, answerCards).map(encodeCard), null)
        } else {
          waiting.get(number)?.()
          waiting.delete(number)
        }
      } else return false
      return true
    },
  }
}
