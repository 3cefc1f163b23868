import { Fault } from '@anarq/fault'
import { pick } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { NodeRecord } from '../record/index.ts'
import { isOtherView } from './agreement.ts'
import { cachedNodesMax, writeCache } from './cache.ts'
import type { Entry } from './directory.ts'
import { diverse, idBytes } from './distance.ts'
import { type Message, parseMessage } from './messages.ts'
import { createGround, createParts, type DiscoveryOptions, fanout, type Ground, type Parts } from './parts.ts'
import type { SignedPointer } from './pointers.ts'
import type { Contact } from './seeds.ts'
import type { NetworkState } from './state.ts'

/** How much was seen of a node by this one. */
export type Standing = 'answered' | 'claimed' | 'own' | 'verified'

export type Listed = {
  readonly record: NodeRecord
  readonly standing: Standing
  readonly rttMs: number | undefined
}

export type DiscoveryStatus = {
  /** It has peers that answer, as many as it needs or as there are, and a record of its own. */
  readonly isUsable: boolean
  readonly live: number
  readonly known: number
  readonly pointers: number
  /** How far peers say that this machine's clock is off: the median, one voice a group of addresses. */
  readonly clockOffsetMs: number
  readonly bits: number
}

export type Discovery = {
  /** From invitations, seed lists or the cache. More may come at any time. */
  start(contacts: readonly Contact[]): void
  meet(contact: Contact): void
  stop(): void
  receive(from: NodeId, message: Uint8Array): void
  /** Whom to dial for this id, and where. */
  contactOf(id: NodeId): Contact | undefined
  /** What dialling its address came to: a node is verified only once it led to its key. */
  dialled(id: NodeId, isReached: boolean): void
  /** Addresses, roles or the onion key changed. */
  announce(): void
  find(id: NodeId, done: (record: NodeRecord | undefined) => void): void
  nearest(target: Uint8Array, done: (ids: readonly NodeId[]) => void): void
  publish(signed: SignedPointer, done?: (told: number) => void): void
  resolve(subject: string, done: (signed: SignedPointer | undefined) => void): void
  nodes(): readonly Listed[]
  readonly record: NodeRecord | undefined
  readonly state: NetworkState | undefined
  status(): DiscoveryStatus
  /** To be kept by the host, for a start without seeds. */
  cache(): Uint8Array
}

const tickMs = 2_000
const usablePeers = 3
/** Beyond, the machine's clock was set, or the machine slept. */
const jumpMs = 60_000
/** A clock that turns out to be so wrong makes a new record of ours necessary. */
const correctionMs = 10 * 60_000

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const ground = createGround(options)
  const { self, settings, directory, routing, warden, blame } = ground
  const parts = createParts(ground, options, () => refresh())
  const { own, intake, peers, gossip, finder, agreement } = parts
  const heart = createHeart(ground, parts)

  /** Tells the nodes nearest to our id who we are, so that whoever looks for us finds us there. */
  const refresh = (): void =>
    finder.nearest(idBytes(self), (ids) => {
      const { record } = own
      if (record !== undefined)
        for (const id of ids) ground.send(id, { kind: 'records', records: [record.bytes] })
    })

  return {
    get record() {
      return own.record
    },
    get state() {
      return agreement.state
    },
    start(contacts) {
      for (const contact of contacts) peers.meet(contact)
      heart.issue()
      heart.every(tickMs, heart.tick)
      heart.every(settings.gossipEveryMs, () => {
        for (const id of pick(ground.world.random, routing.ids(), 1)) gossip.compare(id)
        peers.revisit()
        // Who answered once is worth another try, however long it was away.
        for (const { record, answeredMs } of directory.sweep(ground.nowMs(), settings.skewMs))
          if (answeredMs !== undefined) peers.met(record)
      })
      heart.every(settings.refreshEveryMs, refresh)
    },
    meet: peers.meet,
    stop: heart.stop,
    receive(from, bytes) {
      if (heart.isStopped || from === self || !warden.lets(from)) return
      try {
        const message = parseMessage(bytes)
        warden.charge(from, message)
        handle(ground, parts, from, message)
      } catch (error) {
        if (!isOtherView(error)) blame(from, error)
      }
    },
    contactOf: peers.contactOf,
    dialled(id, isReached) {
      const entry = directory.get(id)
      if (entry !== undefined) entry.isDialled = isReached
      else if (isReached) ground.reached.add(id)
      if (!isReached) peers.failed(id)
    },
    announce: heart.issue,
    find: finder.find,
    nearest: finder.nearest,
    publish: (signed, done = () => {}) => finder.publish(signed, done),
    resolve: finder.resolve,
    nodes: () => listAll(own.record, directory.entries(), ground.trusts),
    status: () => ({
      isUsable:
        own.record !== undefined && routing.size >= Math.max(1, Math.min(usablePeers, directory.size)),
      live: routing.size,
      known: directory.size,
      pointers: finder.pointers,
      clockOffsetMs: Math.round(ground.offsets.value() ?? 0),
      bits: intake.bits(),
    }),
    cache: () => writeCache(worthKeeping(directory.entries())),
  }
}

type Heart = {
  readonly isStopped: boolean
  issue(): void
  tick(): void
  every(periodMs: number, task: () => void): void
  stop(): void
}

/** What is done from time to time. */
function createHeart(ground: Ground, { own, peers, agreement }: Parts): Heart {
  const { world, settings, offsets, bitsAsked } = ground
  let isStopped = false
  let tickedMs: number | undefined
  let correctedMs = 0
  let issuedMs: number | undefined

  const issue = (): void => {
    issuedMs = world.clock.nowMs()
    own.issue(Math.max(settings.bitsMin, Math.min(bitsAsked.value() ?? 0, settings.bitsMin + 8)))
  }
  const watchClock = (): void => {
    const now = world.clock.nowMs()
    const passedMs = now - (tickedMs ?? now)
    tickedMs = now
    // What peers said was about another clock than this one is now.
    if (passedMs < 0 || passedMs > jumpMs) offsets.clear()
    const offsetMs = offsets.value() ?? 0
    if (Math.abs(offsetMs - correctedMs) <= correctionMs) return
    correctedMs = offsetMs
    issue()
  }
  const every = (periodMs: number, task: () => void): void => {
    const jitterMs = (periodMs * (world.random.bytes(1)[0] as number)) / 1024
    world.after(periodMs + jitterMs, () => {
      if (isStopped) return
      task()
      every(periodMs, task)
    })
  }
  return {
    get isStopped() {
      return isStopped
    },
    stop() {
      isStopped = true
    },
    every,
    issue,
    tick() {
      watchClock()
      peers.tick()
      agreement.tick()
      const agoMs = world.clock.nowMs() - (issuedMs ?? 0)
      if (agoMs < 0 || agoMs > Math.min(settings.periodMs, settings.recordLifeMs / 3)) issue()
    },
  }
}

function handle(ground: Ground, parts: Parts, from: NodeId, message: Message): void {
  const { intake, peers, gossip, finder, agreement } = parts
  switch (message.kind) {
    case 'hello':
      peers.receive(from, message)
      return
    case 'welcome':
    case 'found':
      ground.asks.answer(from, message.nonce, message)
      return
    case 'sync':
    case 'have':
    case 'want':
      gossip.receive(from, message)
      return
    case 'records':
      for (const record of message.records) intake.take(record, from)
      return
    case 'find':
    case 'get':
    case 'put':
      finder.receive(from, message)
      return
    case 'lie':
      if (intake.takeLie(message.about, message.first, message.second) === undefined)
        throw new Fault('refused.evidence', 'That proves no lie.')
      return
    case 'votes': {
      const votes = message.votes.filter((vote) => agreement.receiveVote(vote, from).isNew)
      if (votes.length > 0) ground.spread({ kind: 'votes', votes }, fanout, from)
      return
    }
    case 'state':
      if (agreement.receiveState(message.state).isNew) ground.spread(message, fanout, from)
      return
    case 'lot':
      if (agreement.receiveLot(message).isNew) ground.spread(message, fanout, from)
      return
    default:
      message satisfies never
  }
}

function listAll(
  own: NodeRecord | undefined,
  entries: Iterable<Entry>,
  trusts: (record: NodeRecord) => boolean,
): readonly Listed[] {
  const others = [...entries].map((entry) => listed(entry, trusts))
  return own === undefined ? others : [{ record: own, standing: 'own', rttMs: undefined }, ...others]
}

function listed(
  { record, answeredMs, isDialled, rttMs }: Entry,
  trusts: (record: NodeRecord) => boolean,
): Listed {
  if (trusts(record)) return { record, standing: 'own', rttMs }
  if (answeredMs === undefined) return { record, standing: 'claimed', rttMs }
  return { record, standing: isDialled ? 'verified' : 'answered', rttMs }
}

/** Who answered, the longest there first, from as many places as there are. */
function worthKeeping(entries: Iterable<Entry>): NodeRecord[] {
  const heard = [...entries].filter(
    ({ answeredMs, record }) => answeredMs !== undefined && record.addresses.length > 0,
  )
  const oldest = heard.sort((a, b) => a.record.sinceMs - b.record.sinceMs)
  return diverse(oldest, ({ group }) => group, 4, cachedNodesMax).map(({ record }) => record)
}
