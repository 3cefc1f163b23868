import { Fault } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { NodeKeys, NodeRecord, OnionKeys } from '../record/index.ts'
import type { Wire, World } from '../world.ts'
import { createAgreement, isOtherView } from './agreement.ts'
import { createAsks, pick } from './asks.ts'
import { cachedNodesMax, writeCache } from './cache.ts'
import { createDirectory, type Entry } from './directory.ts'
import { diverse, idBytes } from './distance.ts'
import { createFinder } from './finder.ts'
import { createGossip } from './gossip.ts'
import { createIntake } from './intake.ts'
import { createMedian } from './limits.ts'
import { encodeMessage, type Message, parseMessage } from './messages.ts'
import { createOwnRecord, type Description } from './own-record.ts'
import { createPeers } from './peers.ts'
import type { SignedPointer, VerifyPointer } from './pointers.ts'
import { createRouting } from './routing.ts'
import type { Contact } from './seeds.ts'
import { type DiscoverySettings, discoverySettings } from './settings.ts'
import type { NetworkState } from './state.ts'
import { createWarden } from './warden.ts'

export type DiscoveryOptions = {
  readonly keys: NodeKeys
  readonly onion: OnionKeys
  readonly world: World
  readonly wire: Wire
  readonly settings?: Partial<DiscoverySettings>
  describe(): Description
  verifyPointer: VerifyPointer
  /** Nodes of one's own, or of a branch with an admission of its own: no limit by address counts for them. */
  trusts?(record: NodeRecord): boolean
  /** A peer's message was malformed, forged or too much. */
  blamed?(peer: NodeId, code: string): void
  /** A node signed two different things as one; both are the proof. */
  lied?(id: NodeId, evidence: readonly [Uint8Array, Uint8Array]): void
  changed?(state: NetworkState): void
  /** Our own record was signed anew. */
  issued?(record: NodeRecord): void
}

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
const fanout = 6
const usablePeers = 3
/** Beyond, the machine's clock was set, or the machine slept. */
const jumpMs = 60_000
/** A clock that turns out to be so wrong makes a new record of ours necessary. */
const correctionMs = 10 * 60_000

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { keys, world } = options
  const settings: DiscoverySettings = { ...discoverySettings, ...options.settings }
  const self = keys.id
  const trusts = options.trusts ?? (() => false)
  const offsets = createMedian()
  const bitsAsked = createMedian()
  const nowMs = (): number => Math.max(0, Math.round(world.clock.nowMs() + (offsets.value() ?? 0)))
  const warden = createWarden(world, (peer, code) => options.blamed?.(peer, code))
  const send = (to: NodeId, message: Message): void => options.wire.send(to, encodeMessage(message))

  const directory = createDirectory({
    nodesMax: settings.nodesMax,
    perGroupMax: settings.perGroupMax,
    isExempt: trusts,
  })
  const isExempt = (id: NodeId): boolean => {
    const record = directory.get(id)?.record
    return record !== undefined && trusts(record)
  }
  const routing = createRouting(self, settings.perGroupMax, isExempt)
  const asks = createAsks(world, settings.askTimeoutMs, send)
  const spreadTo = (message: Message, count: number, except?: NodeId): void => {
    const others = routing.ids().filter((id) => id !== except)
    for (const id of pick(world.random, others, count)) send(id, message)
  }
  const intake = createIntake({
    self,
    directory,
    settings,
    nowMs,
    clockMs: world.clock.nowMs,
    groupOf: (peer) => directory.get(peer)?.group ?? 'none',
    fresh: (entry, from) => gossip.spread(entry.record.id, from),
    lied(id, about, [first, second]) {
      routing.drop(id)
      spreadTo({ kind: 'lie', about, first, second }, fanout)
      options.lied?.(id, [first, second])
    },
  })
  const own = createOwnRecord({
    keys,
    onion: options.onion,
    world,
    lifeMs: settings.recordLifeMs,
    nowMs,
    describe: options.describe,
    issued(record) {
      issuedMs = world.clock.nowMs()
      spreadTo({ kind: 'records', records: [record.bytes] }, fanout)
      options.issued?.(record)
    },
  })
  const peers = createPeers({
    self,
    world,
    asks,
    directory,
    routing,
    intake,
    settings,
    offsets,
    bitsAsked,
    own: () => own.record,
    nowMs,
    send,
    blame: warden.blame,
    isLive(id) {
      gossip.compare(id)
      if (routing.size === 1) refresh()
    },
  })
  const gossip = createGossip({
    world,
    directory,
    fanout: fanout >> 1,
    live: peers.live,
    period: () => agreement.state?.period ?? 0,
    send,
    isBehind(peer) {
      const { state } = agreement
      if (state !== undefined) send(peer, { kind: 'state', state: state.bytes })
    },
  })
  const finder = createFinder({
    self,
    directory,
    routing,
    intake,
    asks,
    settings,
    nowMs,
    send,
    verifyPointer: options.verifyPointer,
    blame: warden.blame,
    failed: peers.failed,
    met: peers.met,
  })
  const agreement = createAgreement({
    keys,
    settings,
    nowMs,
    *records() {
      for (const { record } of directory.entries()) yield record
      if (own.record !== undefined) yield own.record
    },
    sendVote: ({ bytes }) => spreadTo({ kind: 'votes', votes: [bytes] }, fanout),
    compareWith: gossip.compare,
    lied: (_, [first, second]) => intake.takeLie('vote', first, second),
    changed: (state) => options.changed?.(state),
  })

  let isStopped = false
  let issuedMs: number | undefined
  let tickedMs: number | undefined
  let correctedMs = 0

  const issue = (): void =>
    own.issue(Math.max(settings.bitsMin, Math.min(bitsAsked.value() ?? 0, settings.bitsMin + 8)))
  const refresh = (): void =>
    finder.nearest(idBytes(self), (ids) => {
      const { record } = own
      if (record !== undefined) for (const id of ids) send(id, { kind: 'records', records: [record.bytes] })
    })
  const every = (periodMs: number, task: () => void): void => {
    const jitterMs = (periodMs * (world.random.bytes(1)[0] as number)) / 1024
    world.after(periodMs + jitterMs, () => {
      if (isStopped) return
      task()
      every(periodMs, task)
    })
  }
  const watchClock = (): void => {
    const now = world.clock.nowMs()
    const passedMs = now - (tickedMs ?? now)
    tickedMs = now
    if (passedMs < 0 || passedMs > jumpMs) offsets.clear()
    const offsetMs = offsets.value() ?? 0
    if (Math.abs(offsetMs - correctedMs) > correctionMs) {
      correctedMs = offsetMs
      issue()
    }
  }
  const tick = (): void => {
    watchClock()
    peers.tick()
    agreement.tick()
    const sinceMs = world.clock.nowMs() - (issuedMs ?? Number.NEGATIVE_INFINITY)
    if (
      own.record !== undefined &&
      (sinceMs < 0 || sinceMs > Math.min(settings.periodMs, settings.recordLifeMs / 3))
    )
      issue()
  }

  const handle = (from: NodeId, message: Message): void => {
    switch (message.kind) {
      case 'hello':
        return peers.receive(from, message)
      case 'welcome':
      case 'found':
        asks.answer(from, message.nonce, message)
        return
      case 'sync':
      case 'have':
      case 'want':
        return gossip.receive(from, message)
      case 'records':
        for (const record of message.records) intake.take(record, from)
        return
      case 'find':
      case 'get':
      case 'put':
        return finder.receive(from, message)
      case 'lie':
        if (intake.takeLie(message.about, message.first, message.second) === undefined)
          throw new Fault('refused.evidence', 'That proves no lie.')
        return
      case 'votes': {
        const votes = message.votes.filter((vote) => agreement.receiveVote(vote, from).isNew)
        if (votes.length > 0) spreadTo({ kind: 'votes', votes }, fanout, from)
        return
      }
      case 'state':
        if (agreement.receiveState(message.state).isNew) spreadTo(message, fanout, from)
        return
      default:
        message satisfies never
    }
  }

  return {
    get record() {
      return own.record
    },
    get state() {
      return agreement.state
    },
    start(contacts) {
      for (const contact of contacts) peers.meet(contact)
      issue()
      every(tickMs, tick)
      every(settings.gossipEveryMs, () => {
        for (const id of pick(world.random, routing.ids(), 1)) gossip.compare(id)
        peers.revisit()
        directory.sweep(nowMs(), settings.skewMs)
      })
      every(settings.refreshEveryMs, refresh)
    },
    meet: peers.meet,
    stop() {
      isStopped = true
    },
    receive(from, bytes) {
      if (isStopped || from === self || !warden.lets(from)) return
      try {
        const message = parseMessage(bytes)
        warden.charge(from, message)
        handle(from, message)
      } catch (error) {
        if (!isOtherView(error)) warden.blame(from, error)
      }
    },
    contactOf: peers.contactOf,
    dialled(id, isReached) {
      const entry = directory.get(id)
      if (entry !== undefined) entry.isDialled = isReached
      if (!isReached) peers.failed(id)
    },
    announce: issue,
    find: finder.find,
    nearest: finder.nearest,
    publish: (signed, done = () => {}) => finder.publish(signed, done),
    resolve: finder.resolve,
    nodes: () => [
      ...(own.record === undefined
        ? []
        : [{ record: own.record, standing: 'own' as const, rttMs: undefined }]),
      ...[...directory.entries()].map((entry) => listed(entry, trusts)),
    ],
    status: () => ({
      isUsable:
        own.record !== undefined && routing.size >= Math.max(1, Math.min(usablePeers, directory.size)),
      live: routing.size,
      known: directory.size,
      pointers: finder.pointers,
      clockOffsetMs: Math.round(offsets.value() ?? 0),
      bits: intake.bits(),
    }),
    cache: () => writeCache(worthKeeping(directory.entries())),
  }
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
