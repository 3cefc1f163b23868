import { equalBytes } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import { addressesMax, type NodeAddress } from '../record/index.ts'
import type { World } from '../world.ts'
import { type Control, encodeData, nonceBytes } from './messages.ts'
import type { Places } from './places.ts'

/**
 * The way to a node that cannot be dialled: first over a broker, then, where both sides dial at once and their routers let it
 * through, directly (the idea of DCUtR, libp2p). The relayed path stays until the direct one has carried traffic both ways,
 * and is there again when the direct one breaks.
 *
 *   none → opening → relayed → punching → trying → direct
 *                       ↑__________|__________|______|
 */
export type Path = 'direct' | 'none' | 'relayed'

export type Paths = {
  /** No link leads to this broker any more: what went over it is gone. */
  lost(broker: NodeId): void
  /** Opens a relayed path; the host then makes a sealed link over it, the asker as its initiator. */
  connect(peer: NodeId, broker: NodeId): void
  /** The sealed link over the relayed path is there, and the peer has proved who it is. */
  linked(peer: NodeId): void
  /** A link over a direct connection is there, and the peer has proved who it is. */
  directUp(peer: NodeId): void
  directDown(peer: NodeId): void
  pathTo(peer: NodeId): Path
  /** Over which broker, where it is relayed. */
  brokerTo(peer: NodeId): NodeId | undefined
  /** Bytes of the sealed link, over the broker. */
  send(peer: NodeId, bytes: Uint8Array): void
  /** The sealed link over the relayed path has ended. */
  disconnect(peer: NodeId): void
  /** From a broker. */
  receiveBroker(from: NodeId, message: BrokerControl): void
  receiveData(from: NodeId, pair: Uint8Array, bytes: Uint8Array): void
  /** From the peer itself, over whatever path its link takes. */
  receivePeer(from: NodeId, message: PeerControl, isDirect: boolean): void
}

type BrokerControl = Extract<Control, { kind: 'close' | 'incoming' | 'opened' | 'refused' | 'reserved' }>
type PeerControl = Extract<Control, { kind: 'connect' | 'meet' | 'settled' | 'start' | 'trial' | 'trialled' }>

export type PathsOptions = {
  readonly self: NodeId
  readonly world: World
  /** Our own addresses beside the one that brokers see: of a local network, for example. */
  addresses(): readonly NodeAddress[]
  tell(to: NodeId, message: Control): void
  forward(broker: NodeId, bytes: Uint8Array): void
  /** Over the direct link alone, to try it. */
  tellDirect(to: NodeId, message: Control): void
  /** A relayed path is open; `isInitiator` begins the handshake of the sealed link. */
  opened(peer: NodeId, isInitiator: boolean, bytesPerSecond: number): void
  relayed(peer: NodeId, bytes: Uint8Array): void
  /** Both sides dial now, from the port that brokers see. */
  dial(peer: NodeId, addresses: readonly NodeAddress[], isInitiator: boolean): void
  changed(peer: NodeId, path: Path, why: string): void
  /** Where this node has places: nobody else brings it anybody. */
  readonly places: Pick<Places, 'has' | 'leave' | 'observedBy' | 'receive' | 'seen'>
}

type Way = {
  readonly peer: NodeId
  isInitiator: boolean
  broker: NodeId
  pair: Uint8Array | undefined
  path: Path
  stage: 'idle' | 'opening' | 'punching' | 'relayed' | 'trying'
  attempt: number
  /** When the initiator asked; when the other dialled. */
  askedMs: number
  nonce: Uint8Array | undefined
  theirs: readonly NodeAddress[]
  cancel: () => void
}

type Table = {
  readonly options: PathsOptions
  readonly ways: Map<NodeId, Way>
}

const attemptsMax = 3
const openMs = 10_000
const punchMs = 8_000
const trialMs = 5_000
const dialMsMin = 1_000
/** What was under way on the relayed path when the direct one took over still arrives. The host says sooner when it has. */
const graceMs = 5 * 60_000
/** Routers change: what did not work is tried again after a while. */
const againMs = 10 * 60_000
const waysMax = 512
const rttMsMax = 4_000

export function createPaths(options: PathsOptions): Paths {
  const table: Table = { options, ways: new Map() }
  const { ways } = table
  return {
    pathTo: (peer) => ways.get(peer)?.path ?? 'none',
    brokerTo(peer) {
      const way = ways.get(peer)
      return way?.path === 'relayed' ? way.broker : undefined
    },
    lost(broker) {
      for (const way of [...ways.values()]) if (way.broker === broker) brokerLost(table, way)
    },
    connect(peer, broker) {
      const way = make(table, peer, broker, true)
      // One that the other has opened, and whose link is being made, is as good.
      const isUnderWay = way?.stage !== 'idle' || way.path !== 'none' || way.pair !== undefined
      if (way === undefined || isUnderWay) return
      way.isInitiator = true
      way.broker = broker
      open(table, way)
    },
    linked(peer) {
      const way = ways.get(peer)
      if (way?.pair === undefined) return
      way.cancel()
      way.stage = 'relayed'
      way.attempt = 0
      setPath(table, way, 'relayed', 'linked over a broker')
      punch(table, way)
    },
    directUp(peer) {
      const way = ways.get(peer)
      if (way === undefined || way.path === 'direct') return
      way.stage = 'trying'
      if (!way.isInitiator) return
      way.nonce = options.world.random.bytes(nonceBytes)
      options.tellDirect(peer, { kind: 'trial', nonce: way.nonce })
      wait(table, way, trialMs, () => {
        way.nonce = undefined
        punch(table, way)
      })
    },
    directDown(peer) {
      const way = ways.get(peer)
      if (way !== undefined && (way.path === 'direct' || way.stage === 'trying')) back(table, way)
    },
    send(peer, bytes) {
      const way = ways.get(peer)
      if (way?.pair !== undefined) options.forward(way.broker, encodeData(way.pair, bytes))
    },
    disconnect(peer) {
      const way = ways.get(peer)
      if (way?.path === 'direct') closePair(table, way)
      else if (way !== undefined) drop(table, way, 'closed')
    },
    receiveData(from, pair, bytes) {
      const way = wayOfPair(table, from, pair)
      if (way !== undefined) options.relayed(way.peer, bytes)
    },
    receiveBroker: (from, message) => receiveFromBroker(table, from, message),
    receivePeer(from, message, isDirect) {
      const way = ways.get(from)
      if (way === undefined) return
      if (message.kind === 'connect' || message.kind === 'meet' || message.kind === 'start')
        meetPeer(table, way, message)
      // Only what came over the direct link itself says that it carries.
      else if (isDirect) tryPeer(table, way, message)
    },
  }
}

function wait({ options }: Table, way: Way, ms: number, task: () => void): void {
  way.cancel()
  way.cancel = options.world.after(ms, task)
}

function setPath({ options }: Table, way: Way, path: Path, why: string): void {
  if (way.path === path) return
  way.path = path
  options.changed(way.peer, path, why)
}

/** What goes directly needs no broker; all else of this way went over it. */
function brokerLost(table: Table, way: Way): void {
  way.pair = undefined
  if (way.path !== 'direct') drop(table, way, 'unavailable.broker')
}

function closePair({ options }: Table, way: Way): void {
  way.cancel()
  if (way.pair !== undefined) options.tell(way.broker, { kind: 'close', pair: way.pair, code: 'closed' })
  way.pair = undefined
}

function drop(table: Table, way: Way, why: string): void {
  closePair(table, way)
  table.ways.delete(way.peer)
  if (way.path === 'none') table.options.changed(way.peer, 'none', why)
  else setPath(table, way, 'none', why)
}

function make({ ways }: Table, peer: NodeId, broker: NodeId, isInitiator: boolean): Way | undefined {
  const held = ways.get(peer)
  if (held !== undefined || ways.size >= waysMax) return held
  const way: Way = {
    peer,
    isInitiator,
    broker,
    pair: undefined,
    path: 'none',
    stage: 'idle',
    attempt: 0,
    askedMs: 0,
    nonce: undefined,
    theirs: [],
    cancel: () => {},
  }
  ways.set(peer, way)
  return way
}

function open(table: Table, way: Way): void {
  way.stage = 'opening'
  way.pair = undefined
  table.options.tell(way.broker, { kind: 'open', to: way.peer })
  wait(table, way, openMs, () => drop(table, way, 'unavailable.broker'))
}

function ownAddresses({ options }: Table, way: Way): readonly NodeAddress[] {
  return [...options.places.observedBy(way.broker), ...options.addresses()].slice(0, addressesMax)
}

/** The initiator's part: asks for the other's addresses, which measures how far away it is. */
function punch(table: Table, way: Way): void {
  if (!way.isInitiator || way.path === 'direct') return
  if (way.attempt >= attemptsMax) {
    way.stage = 'relayed'
    wait(table, way, againMs, () => {
      way.attempt = 0
      punch(table, way)
    })
    return
  }
  way.attempt += 1
  way.stage = 'punching'
  way.askedMs = table.options.world.clock.nowMs()
  table.options.tell(way.peer, { kind: 'connect', attempt: way.attempt, addresses: ownAddresses(table, way) })
  wait(table, way, punchMs, () => punch(table, way))
}

/**
 * Both dial at one moment: the initiator half a round trip after it said so, the other when it hears it. A router lets in what comes
 * from where something was just sent.
 */
function meetPeer(
  table: Table,
  way: Way,
  message: Extract<PeerControl, { kind: 'connect' | 'meet' | 'start' }>,
): void {
  const { options } = table
  const { attempt } = message
  if (way.path === 'direct') return
  if (message.kind === 'connect') {
    if (way.isInitiator) return
    way.attempt = attempt
    way.theirs = message.addresses
    options.tell(way.peer, { kind: 'meet', attempt, addresses: ownAddresses(table, way) })
  } else if (message.kind === 'start') {
    if (way.isInitiator || attempt !== way.attempt) return
    // Once for each meeting, and not at the peer's pace.
    way.attempt = 0
    const agoMs = options.world.clock.nowMs() - way.askedMs
    if (agoMs >= 0 && agoMs < dialMsMin) return
    way.askedMs = options.world.clock.nowMs()
    options.dial(way.peer, way.theirs, false)
  } else if (way.isInitiator && way.stage === 'punching' && attempt === way.attempt) {
    const rttMs = Math.min(rttMsMax, Math.max(0, options.world.clock.nowMs() - way.askedMs))
    options.tell(way.peer, { kind: 'start', attempt })
    options.world.after(rttMs / 2, () => {
      if (way.attempt === attempt && way.stage === 'punching') options.dial(way.peer, message.addresses, true)
    })
  }
}

/** Three messages over the direct link show each side that it carries both ways. */
function tryPeer(
  table: Table,
  way: Way,
  { kind, nonce }: Extract<PeerControl, { kind: 'settled' | 'trial' | 'trialled' }>,
): void {
  const { options } = table
  const isOurs = way.nonce !== undefined && equalBytes(nonce, way.nonce)
  if (kind === 'trial' && !way.isInitiator) {
    way.nonce = nonce
    options.tellDirect(way.peer, { kind: 'trialled', nonce })
  } else if (kind === 'trialled' && way.isInitiator && isOurs) {
    options.tellDirect(way.peer, { kind: 'settled', nonce })
    settle(table, way)
  } else if (kind === 'settled' && !way.isInitiator && isOurs) settle(table, way)
}

function settle(table: Table, way: Way): void {
  way.cancel()
  way.stage = 'idle'
  way.nonce = undefined
  setPath(table, way, 'direct', 'carried both ways')
  wait(table, way, graceMs, () => closePair(table, way))
}

function back(table: Table, way: Way): void {
  const why = 'the direct path broke'
  way.nonce = undefined
  // The sealed link over it takes nothing new since the direct one took over: a new one is made.
  if (way.path === 'direct') closePair(table, way)
  way.cancel()
  if (way.pair !== undefined) {
    way.stage = 'relayed'
    setPath(table, way, 'relayed', why)
    wait(table, way, punchMs, () => punch(table, way))
    return
  }
  way.stage = 'idle'
  setPath(table, way, 'none', why)
  if (way.isInitiator) open(table, way)
}

function wayOfPair({ ways }: Table, broker: NodeId, pair: Uint8Array): Way | undefined {
  return [...ways.values()].find(
    (way) => way.broker === broker && way.pair !== undefined && equalBytes(way.pair, pair),
  )
}

function receiveFromBroker(table: Table, from: NodeId, message: BrokerControl): void {
  const { options, ways } = table
  switch (message.kind) {
    case 'reserved':
      options.places.receive(from, message)
      return
    case 'opened': {
      const way = ways.get(message.to)
      if (way?.stage !== 'opening' || way.broker !== from) {
        options.tell(from, { kind: 'close', pair: message.pair, code: 'closed' })
        return
      }
      options.places.seen(from, message.observed)
      way.pair = message.pair
      options.opened(way.peer, true, message.bytesPerSecond)
      return
    }
    case 'incoming':
      // Only a broker at which we reserved a place may bring us anybody.
      if (options.places.has(from)) receiveIncoming(table, from, message)
      return
    case 'refused': {
      if (message.to === options.self) options.places.leave(from)
      const way = ways.get(message.to)
      if (way?.stage === 'opening' && way.broker === from) drop(table, way, message.code)
      return
    }
    case 'close': {
      const way = wayOfPair(table, from, message.pair)
      if (way === undefined) return
      way.pair = undefined
      if (way.path !== 'direct') drop(table, way, message.code)
      return
    }
    default:
      message satisfies never
  }
}

function receiveIncoming(
  table: Table,
  broker: NodeId,
  { from, pair, bytesPerSecond }: Extract<BrokerControl, { kind: 'incoming' }>,
): void {
  const way = make(table, from, broker, false)
  // Both asked for each other at once: the one with the higher id goes on as the asker.
  if (way === undefined || (way.stage === 'opening' && table.options.self > from)) return
  way.isInitiator = false
  way.stage = 'idle'
  way.broker = broker
  way.pair = pair
  wait(table, way, openMs, () => drop(table, way, 'unavailable.peer'))
  table.options.opened(from, false, bytesPerSecond)
}
