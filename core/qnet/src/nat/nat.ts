import { asFault, Fault } from '@anarq/fault'
import { createBuckets } from '../buckets.ts'
import type { NodeId } from '../node-id.ts'
import type { NodeAddress } from '../record/index.ts'
import type { Wire, World } from '../world.ts'
import { type Broker, type BrokerLimits, brokerLimits, createBroker } from './broker.ts'
import { type Control, encodeControl, parseNat } from './messages.ts'
import { createPaths, type Path, type Paths } from './paths.ts'
import { createPlaces, type Places } from './places.ts'
import { createProber, type Prober, type Reachability } from './probe.ts'

/** What the host does for this room, and hears from it. */
export type NatHost = {
  /** The address that the peer's link comes from, as we see it; none for a relayed link. */
  observed(peer: NodeId): NodeAddress | undefined
  groupOf(peer: NodeId): string
  /** Our addresses beside those that brokers see. */
  addresses(): readonly NodeAddress[]
  /** Dial once, from a port that was not used before, show the number, hang up. */
  dialBack(address: NodeAddress, nonce: Uint8Array): void
  /**
   * Dial now, from the port that brokers see; what comes of it is told by `directUp`. Both sides do so, and one connection may come of
   * it that both have dialled: `isInitiator` speaks first in it.
   */
  dial(peer: NodeId, addresses: readonly NodeAddress[], isInitiator: boolean): void
  /** To this peer over the direct link alone. */
  sendDirect(to: NodeId, message: Uint8Array): void
  /** A relayed path is open: make a sealed link over it, and send no faster than half of this pace. */
  opened(peer: NodeId, isInitiator: boolean, bytesPerSecond: number): void
  relayed(peer: NodeId, bytes: Uint8Array): void
  /** `why` is a sentence or a code. */
  changed(peer: NodeId, path: Path, why: string): void
  /** The brokers at which this node has a place are others now. */
  placesChanged?(): void
  blamed?(peer: NodeId, code: string): void
}

export type NatOptions = {
  readonly self: NodeId
  readonly world: World
  /** To brokers over their links; to peers over whatever link there is, a relayed one too. */
  readonly wire: Wire
  readonly host: NatHost
  /** Where this node serves as a broker. */
  readonly broker?: Partial<BrokerLimits>
}

export type Nat = Omit<Paths, 'lost' | 'receiveBroker' | 'receiveData' | 'receivePeer'> & {
  /** Brokers at which this node has a place, or asked for one. */
  readonly places: Pick<Places, 'ids' | 'leave' | 'observedBy' | 'reserve'>
  /** No link leads to this peer any more. */
  lost(peer: NodeId): void
  /** Asks others whether they can dial us. */
  probe(
    addresses: readonly NodeAddress[],
    peers: readonly NodeId[],
    done: (result: Reachability) => void,
  ): void
  /** Somebody dialled our door and showed this number. */
  arrived(nonce: Uint8Array): void
  receive(from: NodeId, message: Uint8Array): void
  /** What came over a direct link. */
  receiveDirect(from: NodeId, message: Uint8Array): void
  /** What this node carries for others, where it is a broker. */
  load(): { readonly places: number; readonly pairs: number; readonly waitingBytes: number }
}

export function createNat({ self, world, wire, host, broker: limits }: NatOptions): Nat {
  const tell = (to: NodeId, message: Control): void => wire.send(to, encodeControl(message))
  const buckets = createBuckets({ perSecond: 5, burst: 100 })
  const prober = createProber({ ...host, world, tell })
  const places = createPlaces({ world, tell, changed: () => host.placesChanged?.() })
  const paths = createPaths({
    ...host,
    places,
    self,
    world,
    tell,
    forward: (to, bytes) => wire.send(to, bytes),
    tellDirect: (to, message) => host.sendDirect(to, encodeControl(message)),
  })
  const broker =
    limits === undefined
      ? undefined
      : createBroker({
          world,
          limits: { ...brokerLimits, ...limits },
          observed: host.observed,
          tell,
          forward: (to, bytes) => wire.send(to, bytes),
        })
  const receive = (from: NodeId, bytes: Uint8Array, isDirect: boolean): void => {
    if (from === self) return
    try {
      const message = parseNat(bytes)
      // What is relayed has limits of its own.
      if (message.kind !== 'data' && !buckets.take(from, 1, world.clock.nowMs()))
        throw new Fault('limit.rate', 'That are too many messages: wait a little.')
      handle({ prober, paths, broker, tell }, from, message, isDirect)
    } catch (error) {
      host.blamed?.(from, asFault(error).code)
    }
  }
  return {
    ...paths,
    places,
    lost(peer) {
      broker?.lost(peer)
      paths.lost(peer)
      places.lost(peer)
    },
    probe: prober.ask,
    arrived: prober.arrived,
    receive: (from, message) => receive(from, message, false),
    receiveDirect: (from, message) => receive(from, message, true),
    load: () => ({
      places: broker?.places ?? 0,
      pairs: broker?.pairs ?? 0,
      waitingBytes: broker?.waiting ?? 0,
    }),
  }
}

type Rooms = {
  readonly prober: Prober
  readonly paths: Paths
  readonly broker: Broker | undefined
  tell(to: NodeId, message: Control): void
}

function handle(
  { prober, paths, broker, tell }: Rooms,
  from: NodeId,
  message: ReturnType<typeof parseNat>,
  isDirect: boolean,
): void {
  switch (message.kind) {
    case 'probe':
    case 'probed':
      prober.receive(from, message)
      return
    case 'reserve':
    case 'open': {
      const to = message.kind === 'open' ? message.to : from
      if (broker === undefined) tell(from, { kind: 'refused', to, code: 'refused.no-broker' })
      else if (message.kind === 'open') broker.open(from, to)
      else broker.reserve(from)
      return
    }
    case 'reserved':
    case 'opened':
    case 'incoming':
    case 'refused':
      paths.receiveBroker(from, message)
      return
    // A pair's number is drawn by its broker: as one, we know ours; else it is one of a broker of ours.
    case 'close':
      if (broker?.close(from, message.pair) !== true) paths.receiveBroker(from, message)
      return
    case 'data':
      if (broker?.data(from, message.pair, message.bytes) !== true)
        paths.receiveData(from, message.pair, message.bytes)
      return
    case 'connect':
    case 'meet':
    case 'start':
    case 'trial':
    case 'trialled':
    case 'settled':
      paths.receivePeer(from, message, isDirect)
      return
    default:
      message satisfies never
  }
}
