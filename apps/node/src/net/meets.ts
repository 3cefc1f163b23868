import type { Links, TcpCarrier } from '@anarq/links'
import type { NodeId, World } from '@anarq/qnet'
import type { LinkTarget } from '@anarq/qnet/link'
import type { NatHost } from '@anarq/qnet/nat'
import { addressesMax, type NodeAddress } from '@anarq/qnet/record'
import { urlOfAddress } from './ground.ts'
import { scopeOf } from './scope.ts'

export type MeetsOptions = {
  readonly world: World
  readonly links: Pick<Links, 'take'>
  readonly tcp: Pick<TcpCarrier, 'meet'>
  targetOf(peer: NodeId): LinkTarget | undefined
  /** Hosts at which this node is. */
  seenAt(): readonly string[]
}

export type Meets = Pick<NatHost, 'dial'> & {
  /** A direct link to this peer is there. */
  met(peer: NodeId): void
  close(): void
}

/** Both dial each other; who goes on longer than this meets nobody. */
const meetMsMax = 6_000
const meetsMax = 16

/** Two that nobody can dial dial each other at one moment. */
export function createMeets({ world, links, tcp, targetOf, seenAt }: MeetsOptions): Meets {
  const running = new Map<NodeId, AbortController>()
  /** Another's word alone sends this node to no address of a house, or a machine, unless it is of one itself. */
  const mayDial = ({ transport, host }: NodeAddress): boolean => {
    const scope = scopeOf(host)
    if (transport !== 'tcp' || scope === 'nowhere') return false
    return scope === 'everywhere' || seenAt().some((own) => scopeOf(own) === scope)
  }
  const end = (peer: NodeId): void => {
    running.get(peer)?.abort()
    running.delete(peer)
  }
  return {
    dial(peer, addresses, isInitiator) {
      const target = isInitiator ? targetOf(peer) : undefined
      if (isInitiator && target === undefined) return
      end(peer)
      if (running.size >= meetsMax) return
      const ending = new AbortController()
      running.set(peer, ending)
      world.after(meetMsMax, () => {
        if (running.get(peer) === ending) end(peer)
      })
      let isTaken = false
      for (const address of addresses.filter(mayDial).slice(0, addressesMax))
        tcp.meet(urlOfAddress(address), ending.signal).then(
          (pipe) => {
            // One side chooses among several connections: who speaks first, takes the first.
            if (target === undefined) links.take(pipe)
            else if (isTaken) pipe.end()
            else {
              isTaken = true
              links.take(pipe, target).catch(() => {})
            }
          },
          () => {},
        )
    },
    met: end,
    close() {
      for (const peer of [...running.keys()]) end(peer)
    },
  }
}
