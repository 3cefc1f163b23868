import { equalBytes } from '@anarq/bytes'
import { encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { createAudits } from './audits.ts'
import type { Contacts } from './contacts.ts'
import type { HeadStore } from './head-store.ts'
import { createHeads, type Heads } from './heads.ts'
import type { Membership } from './membership.ts'
import { isUnder, type Place, placeBytes, rankFor } from './place.ts'
import { labelled, type Signing, signatureBytesMax } from './ports.ts'
import { createRepair } from './repair.ts'
import { createRequests } from './requests.ts'
import type { Store } from './store.ts'
import type { Member, View } from './view.ts'

export type ReplicaSettings = {
  /** Copies that a neighbourhood keeps: with six, any five may be lost at once. */
  readonly copies: number
  readonly requestMs: number
  /** What a node sends for repair between two ticks. */
  readonly repairBytesPerTick: number
  /** A node that is full takes nothing more; the next in rank does. */
  readonly heldBytesMax: number
  readonly auditTicks: number
}

export const replicaDefaults: ReplicaSettings = {
  copies: 6,
  requestMs: 10_000,
  repairBytesPerTick: 16 * 1024 * 1024,
  heldBytesMax: 64 * 1024 ** 3,
  auditTicks: 6,
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
}

export type Replicas = {
  readonly heads: Heads
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
  repaired(): { readonly blocks: number; readonly bytes: number }
}

export type ReplicasOptions = {
  readonly self: NodeId
  readonly network: string
  readonly world: World
  readonly signing: Signing
  readonly store: Store
  readonly headStore: HeadStore
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  readonly membership: Membership
  readonly contacts: Contacts
  /** Where to begin as long as this node has no neighbourhood. */
  known(): readonly NodeId[]
  isHead(feed: Uint8Array, sequence: number, head: Uint8Array, signature: Uint8Array): boolean
  readonly settings: ReplicaSettings
}

const blockBytesMax = 8 * 1024 * 1024 + 1024
/** Keys in one question. */
export const countMax = 256
/** A slower line than this loses what it sends: so long is waited for an answer to a block. */
const slowestBytesPerSecond = 128 * 1024
const answers = ['stored', 'block', 'having', 'audited', 'headed', 'heads']

/** Copies of blocks with the neighbours: put, got, audited, and made anew where some are lost. */
export function createReplicas(options: ReplicasOptions): Replicas {
  const { self, network, world, signing, store, headStore, send, membership, contacts, settings } = options
  const requests = createRequests({ world, send, timeoutMs: settings.requestMs })
  let held = 0
  for (const note of store.notes()) held += note.bytes

  const viewOf = (home: Place, then: (view: View | undefined) => void): void =>
    contacts.find(home, options.known(), (proof) =>
      then(proof?.views.find(({ prefix }) => isUnder(home, prefix))),
    )
  const storing = new Map<string, ((isDurable: boolean) => void)[]>()
  const keep = (
    home: Place,
    key: Uint8Array,
    bytes: Uint8Array,
    done: (isDurable: boolean) => void,
  ): void => {
    const name = key.toHex()
    const waiting = storing.get(name)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    if (store.has(key)) {
      done(true)
      return
    }
    if (held + bytes.length > settings.heldBytesMax) {
      done(false)
      return
    }
    held += bytes.length
    const all = [done]
    storing.set(name, all)
    store.put({ key, home, bytes: bytes.length }, bytes, (isDurable) => {
      storing.delete(name)
      if (!isDurable) held -= bytes.length
      for (const one of all) one(isDurable)
    })
  }
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
    forget(note) {
      held -= note.bytes
      store.delete(note.key)
    },
  })
  const heads = createHeads({
    self,
    membership,
    requests,
    store: headStore,
    viewOf,
    send,
    world,
    isHead: options.isHead,
  })

  function put(home: Place, bytes: Uint8Array, copies: number, done: (placed: Placed) => void): void {
    const key = hashBlake3(bytes)
    viewOf(home, (view) => {
      const order = livingFirst(rankFor(key, view?.members ?? []))
      const isHolder = order.slice(0, settings.copies).some(({ id }) => id === self)
      if (isHolder) keep(home, key, bytes, () => {})
      // One more would be let go of again: no neighbour takes it for a holder.
      const wanted = isHolder ? copies - 1 : copies
      const others = order.filter(({ id }) => id !== self)
      const receipts: Receipt[] = []
      let next = 0
      let waiting = 0
      let isDone = false
      const end = (): void => {
        if (isDone || (receipts.length < wanted && waiting > 0)) return
        isDone = true
        const elsewhere = receipts.length
        const guarantee = elsewhere === 0 ? 'alone' : elsewhere < wanted ? 'fewer' : 'full'
        done({ guarantee, receipts, copies: elsewhere === 0 ? 0 : elsewhere + copies - wanted })
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
            count > 0 && own.has(at) && store.has(keys[at] as Uint8Array) ? count + 1 : count,
          ),
        )
      let waiting = asked.size
      if (waiting === 0) end()
      for (const [id, all] of asked)
        requests.ask(id, 'have', [all.map((at) => keys[at])], (answer) => {
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
          fetchFrom(ids.slice(0, settings.copies), key, (bytes) => {
            if (bytes !== undefined) then(bytes)
            else fetchFrom(ids.slice(settings.copies), key, then)
          })
        })
    })
  }

  /** All of them are asked who has it, and those who do are asked for it, one at a time: who is gone holds up nobody. */
  function fetchFrom(
    from: readonly NodeId[],
    key: Uint8Array,
    then: (bytes: Uint8Array | undefined) => void,
  ): void {
    const having: NodeId[] = []
    let waiting = from.length
    let isFetching = false
    let isDone = false
    const end = (bytes: Uint8Array | undefined): void => {
      if (isDone) return
      isDone = true
      then(bytes)
    }
    const fetchNext = (): void => {
      const next = isFetching || isDone ? undefined : having.shift()
      if (next === undefined) {
        if (waiting === 0 && !isFetching) end(undefined)
        return
      }
      isFetching = true
      const onAnswer = (answer: readonly unknown[] | undefined): void => {
        isFetching = false
        const bytes = answer?.[0]
        const isWhole = bytes instanceof Uint8Array && equalBytes(hashBlake3(bytes), key)
        if (bytes instanceof Uint8Array && !isWhole) membership.accusations.accuse(next, 'wrong-block')
        if (isWhole) end(bytes)
        else fetchNext()
      }
      // Most blocks are of one MiB at most.
      requests.ask(next, 'fetch', [key], onAnswer, (1024 * 1024 * 1000) / slowestBytesPerSecond)
    }
    if (waiting === 0) end(undefined)
    for (const id of from)
      requests.ask(id, 'have', [[key]], (answer) => {
        waiting -= 1
        if (answer?.[0] instanceof Uint8Array && answer[0][0] === 1) having.push(id)
        fetchNext()
      })
  }

  function onStore(from: NodeId, number: number, body: readonly unknown[]): void {
    const key = readBytes(body[0], 'a key', { length: 32 })
    const home = readBytes(body[1], 'a place', { length: placeBytes })
    const bytes = readBytes(body[2], 'a block', { max: blockBytesMax })
    const view = membership.view()
    const refuse = (): void => send(from, 'stored', number, null, null)
    if (view === undefined || !isUnder(home, view.prefix) || !equalBytes(hashBlake3(bytes), key)) {
      refuse()
      return
    }
    keep(home, key, bytes, (isDurable) => {
      if (!isDurable) refuse()
      else send(from, 'stored', number, view.epoch, signing.sign(receiptStatement(network, key, view.epoch)))
    })
  }

  let ticks = 0
  return {
    heads,
    put,
    count,
    get,
    tick() {
      ticks += 1
      repair.tick()
      heads.tick()
      if (ticks % settings.auditTicks === 0) audits.tick()
    },
    changed() {
      audits.changed()
      repair.changed()
      heads.changed()
    },
    receive(from, kind, body) {
      if (answers.includes(kind)) {
        requests.answered(from, body)
        return true
      }
      if (heads.receive(from, kind, body)) return true
      if (kind === 'store') onStore(from, readInt(body[0], 'a number'), body.slice(1))
      else if (kind === 'fetch') {
        const number = readInt(body[0], 'a number')
        store.get(readBytes(body[1], 'a key', { length: 32 }), (bytes) =>
          send(from, 'block', number, bytes ?? null),
        )
      } else if (kind === 'have') {
        const number = readInt(body[0], 'a number')
        const keys = readArray(body[1], 'keys', { max: 256 }).map((key) =>
          readBytes(key, 'a key', { length: 32 }),
        )
        send(
          from,
          'having',
          number,
          Uint8Array.from(keys, (key) => (store.has(key) ? 1 : 0)),
        )
      } else if (kind === 'audit') audits.answer(from, body, send)
      else return false
      return true
    },
    heldBytes: () => held,
    repaired: repair.done,
  }
}

export function receiptStatement(network: string, key: Uint8Array, epoch: number): Uint8Array {
  return labelled('receipt', encodeCbor([network, key, epoch]))
}
