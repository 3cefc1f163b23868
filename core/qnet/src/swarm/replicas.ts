import { equalBytes } from '@anarq/bytes'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { createAudits } from './audits.ts'
import type { Contacts } from './contacts.ts'
import type { IsSigned } from './feed.ts'
import { createFetch, slowestBytesPerSecond } from './fetching.ts'
import { type HeadStore, headsKept } from './head-store.ts'
import { createHeads, type Heads, type Word } from './heads.ts'
import { createHolding } from './holding.ts'
import { createLetting } from './letting.ts'
import type { Membership } from './membership.ts'
import { isUnder, type Place, placeBytes, rankFor } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import { createRepair } from './repair.ts'
import { createRequests } from './requests.ts'
import { bailStatement, createStanding } from './standing.ts'
import type { BlockAt, Store } from './store.ts'
import type { Member, View } from './view.ts'

export type ReplicaSettings = {
  /** Copies that a neighbourhood keeps: with six, any five may be lost at once. */
  readonly copies: number
  readonly requestMs: number
  /** What a node sends for repair between two ticks. */
  readonly repairBytesPerTick: number
  /** A node that is full takes nothing more; the next in rank does. */
  readonly heldBytesMax: number
  /** What one node that has a seat may have held here is 1 / so much of that. */
  readonly seatedPart: number
  readonly auditTicks: number
  /** How long a block stays that its owner does not list any more. */
  readonly graceMs: number
  /** How much older than a list a block must be to be missing in it; clocks are off by hours. */
  readonly marginMs: number
}

export const replicaDefaults: ReplicaSettings = {
  copies: 6,
  requestMs: 10_000,
  repairBytesPerTick: 16 * 1024 * 1024,
  heldBytesMax: 64 * 1024 ** 3,
  seatedPart: 8,
  auditTicks: 6,
  graceMs: 7 * 24 * 3_600_000,
  marginMs: 6 * 3_600_000,
}

/** Signed by a holder: it has these bytes durably, as a member of that neighbourhood. */
export type Receipt = { readonly holder: Member; readonly epoch: number; readonly signature: Uint8Array }

/**
 * `full`: as many copies as were asked for, where this node's own is one of them if it is one of the holders. `fewer`: at least
 * one elsewhere, because the neighbourhood has not more members or they do not answer. `alone`: there is nobody else; the only copy
 * is the owner's.
 */
export type Guarantee = 'full' | 'fewer' | 'alone'

export type Placed = {
  readonly guarantee: Guarantee
  /** Of the others. */
  readonly receipts: readonly Receipt[]
  /** With this node's own, where it is a holder; none where there is none elsewhere. */
  readonly copies: number
  /** How many were asked and said that they have no room (`full`), or no more for this one (`share`). */
  readonly refused: { readonly full: number; readonly share: number }
}

export type Replicas = {
  readonly heads: Heads
  /** Of each index what it stands on, as its owner last signed: holders let go of the rest. */
  readonly lists: Heads
  /** Who stands for each index: what is held for it counts as that node's. */
  readonly bails: Heads
  /** Done when enough copies are durable, or when nobody else is left to ask. */
  put(home: Place, bytes: Uint8Array, copies: number, done: (placed: Placed) => void): void
  /**
   * How many of the holders say that they have each of these, at most `countMax` of them; this node's own counts beside others'.
   * `undefined` where nobody leads to the home. It is their word: `put` gives receipts, and audits find out who lies.
   */
  count(home: Place, keys: readonly Uint8Array[], then: (counts: readonly number[] | undefined) => void): void
  /** From any holder, checked against its key. */
  get(home: Place, key: Uint8Array, then: (bytes: Uint8Array | undefined) => void): void
  tick(): void
  changed(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
  heldBytes(): number
  /** Of what others let go of. */
  letGo(): { readonly blocks: number; readonly bytes: number }
  repaired(): { readonly blocks: number; readonly bytes: number }
}

export type ReplicasOptions = {
  readonly self: NodeId
  readonly network: string
  readonly world: World
  readonly signing: Signing
  readonly store: Store
  readonly headStore: HeadStore
  readonly listStore: HeadStore
  readonly bailStore: HeadStore
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  readonly membership: Membership
  readonly contacts: Contacts
  /** Where to begin as long as this node has no neighbourhood. */
  known(): readonly NodeId[]
  readonly isHead: IsSigned
  readonly isList: IsSigned
  /** Where a node with this key belongs. */
  placeOf(publicKey: Uint8Array): Place | undefined
  readonly settings: ReplicaSettings
}

/** Clocks are off by so much. */
const aheadMs = 3 * 3_600_000
const blockBytesMax = 8 * 1024 * 1024 + 1024
/** Keys in one question. */
export const countMax = 256
const answers = ['stored', 'block', 'having', 'audited']

/** Copies of blocks with the neighbours: put, got, audited, and made anew where some are lost. */
export function createReplicas(options: ReplicasOptions): Replicas {
  const { self, network, world, signing, store, headStore, send, membership, contacts, settings } = options
  const { listStore, bailStore } = options
  const requests = createRequests({ world, send, timeoutMs: settings.requestMs })
  const viewOf = (home: Place, then: (view: View | undefined) => void): void =>
    contacts.find(home, options.known(), (proof) =>
      then(proof?.views.find(({ prefix }) => isUnder(home, prefix))),
    )
  const standing = createStanding({ world, bails: bailStore, contacts, placeOf: options.placeOf })
  const holding = createHolding({
    ...{ world, store, standing },
    ...{ bytesMax: settings.heldBytesMax, seatedPart: settings.seatedPart },
  })
  const fetchFrom = createFetch(world, requests, membership.accusations)
  const audits = createAudits({ self, world, store, membership, requests, copies: settings.copies })
  const repair = createRepair({
    self,
    store,
    membership,
    requests,
    viewOf,
    copies: settings.copies,
    bytesPerTick: settings.repairBytesPerTick,
    claimed: audits.claimed,
    forget: holding.forget,
  })
  const room = (word: Word, kept: HeadStore, isSigned: IsSigned, keptMax: number): Heads =>
    createHeads({
      ...{ self, membership, requests, viewOf, send, world, word, keptMax },
      store: kept,
      isHead: isSigned,
      mayOpen: (feed, [said]) =>
        standing.mayStand((word === 'bail' ? said : bailStore.get(feed)[0])?.head ?? new Uint8Array()),
    })
  const heads = room('head', headStore, options.isHead, headsKept)
  const lists = room('list', listStore, isListNow, 1)
  const bails = room('bail', bailStore, isBail, 1)
  const rooms = [heads, lists, bails]
  const letting = createLetting({
    world,
    store,
    lists: listStore,
    get,
    forget: holding.forget,
    graceMs: settings.graceMs,
    marginMs: settings.marginMs,
  })

  /** Of no time that is still far off: a thief of the key could shut its owner out with it. */
  function isListNow(feed: Uint8Array, atMs: number, list: Uint8Array, signature: Uint8Array): boolean {
    return atMs < world.clock.nowMs() + aheadMs && options.isList(feed, atMs, list, signature)
  }

  function isBail(feed: Uint8Array, atMs: number, node: Uint8Array, signature: Uint8Array): boolean {
    const isNow = atMs < world.clock.nowMs() + aheadMs
    const isFree = isNow && !standing.isTaken(feed, node)
    return isFree && signing.verify(node, bailStatement(network, feed, atMs), signature)
  }

  function put(home: Place, bytes: Uint8Array, copies: number, done: (placed: Placed) => void): void {
    const key = hashBlake3(bytes)
    viewOf(home, (view) => {
      const order = livingFirst(rankFor(key, view?.members ?? []))
      const isHolder = order.slice(0, settings.copies).some(({ id }) => id === self)
      if (isHolder) holding.keep(home, key, bytes, () => {})
      // One more would be let go of again: no neighbour takes it for a holder.
      const wanted = isHolder ? copies - 1 : copies
      const others = order.filter(({ id }) => id !== self)
      const receipts: Receipt[] = []
      const refused = { full: 0, share: 0 }
      let next = 0
      let waiting = 0
      let isDone = false
      const end = (): void => {
        if (isDone || (receipts.length < wanted && waiting > 0)) return
        isDone = true
        const elsewhere = receipts.length
        const guarantee = elsewhere === 0 ? 'alone' : elsewhere < wanted ? 'fewer' : 'full'
        done({ guarantee, receipts, copies: elsewhere === 0 ? 0 : elsewhere + copies - wanted, refused })
      }
      const askNext = (): void => {
        while (receipts.length + waiting < wanted && next < others.length) {
          const holder = others[next++] as Member
          waiting += 1
          requests.ask(
            holder.id,
            'store',
            [key, home, bytes],
            (answer) => {
              waiting -= 1
              const receipt = answer && readReceipt(holder, key, answer)
              if (receipt !== undefined) receipts.push(receipt)
              else if (answer?.[1] === 'full' || answer?.[1] === 'share') refused[answer[1]] += 1
              askNext()
              end()
            },
            (wanted * bytes.length * 1000) / slowestBytesPerSecond,
          )
        }
      }
      askNext()
      end()
    })
  }

  function readReceipt(
    holder: Member,
    key: Uint8Array,
    [epochRead, signatureRead]: readonly unknown[],
  ): Receipt | undefined {
    if (epochRead === null) return undefined
    const epoch = readInt(epochRead, 'an epoch')
    const signature = readBytes(signatureRead, 'a signature', { max: signatureBytesMax })
    const isTrue = signing.verify(holder.publicKey, receiptStatement(network, key, epoch), signature)
    return isTrue ? { holder, epoch, signature } : undefined
  }

  /** Whoever is known to be gone is asked last. */
  function livingFirst<T extends { readonly id: NodeId }>(order: readonly T[]): T[] {
    const { isSuspect } = membership.probes
    return [...order.filter(({ id }) => !isSuspect(id)), ...order.filter(({ id }) => isSuspect(id))]
  }

  function count(
    home: Place,
    keys: readonly Uint8Array[],
    then: (counts: readonly number[] | undefined) => void,
  ): void {
    viewOf(home, (view) => {
      if (view === undefined) {
        then(undefined)
        return
      }
      const counts = keys.map(() => 0)
      const asked = new Map<NodeId, number[]>()
      const own = new Set<number>()
      keys.forEach((key, at) => {
        for (const { id } of rankFor(key, view.members).slice(0, settings.copies))
          if (id === self) own.add(at)
          else asked.set(id, [...(asked.get(id) ?? []), at])
      })
      const end = (): void =>
        then(
          counts.map((count, at) =>
            count > 0 && own.has(at) && store.find({ home, key: keys[at] as Uint8Array }) !== undefined
              ? count + 1
              : count,
          ),
        )
      let waiting = asked.size
      if (waiting === 0) end()
      for (const [id, all] of asked)
        requests.ask(id, 'have', [all.map((at) => [keys[at], home])], (answer) => {
          const having = answer?.[0]
          if (having instanceof Uint8Array && having.length === all.length)
            all.forEach((at, i) => {
              if (having[i] === 1) counts[at] = (counts[at] as number) + 1
            })
          waiting -= 1
          if (waiting === 0) end()
        })
    })
  }

  function get(home: Place, key: Uint8Array, then: (bytes: Uint8Array | undefined) => void): void {
    store.get(key, (own) => {
      if (own !== undefined && equalBytes(hashBlake3(own), key)) then(own)
      else
        viewOf(home, (view) => {
          const order = livingFirst(rankFor(key, view?.members ?? []))
          const ids = order.map(({ id }) => id).filter((id) => id !== self)
          fetchFrom(ids.slice(0, settings.copies), { home, key }, (bytes) => {
            if (bytes !== undefined) then(bytes)
            else fetchFrom(ids.slice(settings.copies), { home, key }, then)
          })
        })
    })
  }

  function onStore(from: NodeId, number: number, body: readonly unknown[]): void {
    const key = readBytes(body[0], 'a key', { length: 32 })
    const home = readBytes(body[1], 'a place', { length: placeBytes })
    const bytes = readBytes(body[2], 'a block', { max: blockBytesMax })
    const view = membership.view()
    const refuse = (why: string): void => send(from, 'stored', number, null, why)
    if (view === undefined || !isUnder(home, view.prefix) || !equalBytes(hashBlake3(bytes), key)) {
      refuse('elsewhere')
      return
    }
    holding.keep(home, key, bytes, (why) => {
      if (why !== undefined) refuse(why)
      else send(from, 'stored', number, view.epoch, signing.sign(receiptStatement(network, key, view.epoch)))
    })
  }

  let ticks = 0
  return {
    heads,
    lists,
    bails,
    put,
    count,
    get,
    tick() {
      ticks += 1
      standing.tick()
      holding.tick()
      repair.tick()
      for (const one of rooms) one.tick()
      letting.tick()
      if (ticks % settings.auditTicks === 0) audits.tick()
    },
    changed() {
      audits.changed()
      repair.changed()
      for (const one of rooms) one.changed()
    },
    receive(from, kind, body) {
      if (answers.includes(kind) || rooms.some((one) => one.answers(kind))) {
        requests.answered(from, body)
        return true
      }
      if (rooms.some((one) => one.receive(from, kind, body))) return true
      if (kind === 'store') onStore(from, readInt(body[0], 'a number'), body.slice(1))
      else if (kind === 'fetch') {
        const number = readInt(body[0], 'a number')
        store.get(readBytes(body[1], 'a key', { length: 32 }), (bytes) =>
          send(from, 'block', number, bytes ?? null),
        )
      } else if (kind === 'have') {
        const number = readInt(body[0], 'a number')
        const asked = readArray(body[1], 'blocks', { max: countMax }).map(readAt)
        send(
          from,
          'having',
          number,
          Uint8Array.from(asked, (at) => (store.find(at) === undefined ? 0 : 1)),
        )
      } else if (kind === 'audit') audits.answer(from, body, send)
      else return false
      return true
    },
    heldBytes: holding.bytes,
    letGo: letting.done,
    repaired: repair.done,
  }
}

function readAt(value: unknown): BlockAt {
  const [key, home] = readArray(value, 'a block and its home', { max: 2 })
  return {
    key: readBytes(key, 'a key', { length: 32 }),
    home: readBytes(home, 'a place', { length: placeBytes }),
  }
}

export function receiptStatement(network: string, key: Uint8Array, epoch: number): Uint8Array {
  return labelled('receipt', encodeCbor([network, key, epoch]))
}
