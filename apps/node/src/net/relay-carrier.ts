import { Fault } from '@anarq/fault'
import type { Carrier, Links, Pipe } from '@anarq/links'
import { type NodeId, parseNodeId, type World } from '@anarq/qnet'
import type { LinkTarget } from '@anarq/qnet/link'
import type { Nat, NatHost } from '@anarq/qnet/nat'
import { createRelayPipe, type RelayPipe } from './relay-pipe.ts'

export type RelayCarrierOptions = {
  readonly world: World
  readonly links: Pick<Links, 'connect' | 'peer' | 'take'>
  readonly nat: () => Pick<Nat, 'connect' | 'disconnect' | 'send'>
  targetOf(peer: NodeId): LinkTarget | undefined
}

/** Links over brokers as any other links: an address says by whom one comes to whom. */
export type RelayCarrier = Carrier &
  Pick<NatHost, 'opened' | 'relayed'> & {
    /** The sealed link is there. */
    linked(peer: NodeId): void
    /** There is no path any more. */
    gone(peer: NodeId, why: string): void
    /** Ends all that is relayed, at once. */
    close(): void
  }

const scheme = 'relay'

export function relayAddress(broker: NodeId, peer: NodeId): string {
  return `${scheme}://${broker}/${peer}`
}

/** Somebody waits for a path to this peer. */
type Dial = { readonly resolve: (pipe: Pipe) => void; readonly reject: (fault: Fault) => void }

export function createRelayCarrier({ world, links, nat, targetOf }: RelayCarrierOptions): RelayCarrier {
  const pipes = new Map<NodeId, RelayPipe>()
  /** Carry nothing any more; whoever waits for a link over one hears of it when there is one over the newer. */
  const replaced = new Map<NodeId, RelayPipe[]>()
  const dials = new Map<NodeId, Dial>()
  const endReplaced = (peer: NodeId): void => {
    for (const pipe of replaced.get(peer) ?? []) pipe.closed()
    replaced.delete(peer)
  }

  const make = (peer: NodeId, bytesPerSecond: number): RelayPipe => {
    const pipe = createRelayPipe({
      world,
      bytesPerSecond,
      send(bytes) {
        if (pipes.get(peer) === pipe) nat().send(peer, bytes)
      },
      ended() {
        // A newer path to the same peer is another pipe's.
        if (pipes.get(peer) !== pipe) return
        pipes.delete(peer)
        nat().disconnect(peer)
      },
    })
    const older = pipes.get(peer)
    if (older !== undefined) replaced.set(peer, [...(replaced.get(peer) ?? []), older])
    pipes.set(peer, pipe)
    return pipe
  }

  return {
    scheme,
    async dial(address, signal) {
      const { broker, peer } = partsOf(address)
      if (links.peer(broker) === undefined) await links.connect(broker)
      signal.throwIfAborted()
      if (dials.has(peer))
        throw new Fault('unavailable.peer', 'A way to that node is being opened. Try again.')
      const { promise, resolve, reject } = Promise.withResolvers<Pipe>()
      dials.set(peer, { resolve, reject })
      const onAbort = (): void => {
        nat().disconnect(peer)
        reject(unavailable('The broker did not answer in time.'))
      }
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        nat().connect(peer, broker)
        return await promise
      } finally {
        signal.removeEventListener('abort', onAbort)
        dials.delete(peer)
      }
    },
    opened(peer, isInitiator, bytesPerSecond) {
      const pipe = make(peer, bytesPerSecond)
      if (!isInitiator) {
        links.take(pipe)
        return
      }
      const dial = dials.get(peer)
      const target = targetOf(peer)
      if (dial !== undefined) dial.resolve(pipe)
      else if (target !== undefined) links.take(pipe, target).catch(() => {})
      else pipe.end()
    },
    relayed: (peer, bytes) => pipes.get(peer)?.take(bytes),
    // Both asked for each other at once, and the other's path is the one that stands.
    linked(peer) {
      dials.get(peer)?.reject(unavailable('The other side opened a way first.'))
      endReplaced(peer)
    },
    gone(peer, why) {
      const pipe = pipes.get(peer)
      pipes.delete(peer)
      pipe?.closed()
      endReplaced(peer)
      dials.get(peer)?.reject(unavailable(why))
    },
    close() {
      for (const pipe of [...pipes.values(), ...[...replaced.values()].flat()]) pipe.closed()
      pipes.clear()
    },
  }
}

function partsOf(address: string): { readonly broker: NodeId; readonly peer: NodeId } {
  const [, broker, peer] = /^relay:\/\/([a-z2-7]{52})\/([a-z2-7]{52})$/.exec(address) ?? []
  if (broker === undefined || peer === undefined)
    throw new Fault('invalid.address', 'That is no address of the form relay://BROKER/NODE.')
  return { broker: parseNodeId(broker), peer: parseNodeId(peer) }
}

function unavailable(why: string): Fault {
  return new Fault(
    'unavailable.broker',
    'No node can bring you together with that one now. Try again later.',
    {
      cause: why,
    },
  )
}
