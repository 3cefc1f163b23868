import type { NodeId } from '../node-id.ts'
import type { NodeAddress } from '../record/index.ts'
import type { World } from '../world.ts'
import type { Control } from './messages.ts'

/** The brokers that bring others to this node: those that it asked for a place, and that gave it one. */
export type Places = {
  /** Asks for a place, and goes on asking before it is over. */
  reserve(broker: NodeId): void
  /** Gives it up. */
  leave(broker: NodeId): void
  has(broker: NodeId): boolean
  ids(): readonly NodeId[]
  /** How a broker sees us. */
  observedBy(broker: NodeId): readonly NodeAddress[]
  /** The same broker, when it opens a path for us. */
  seen(broker: NodeId, observed: readonly NodeAddress[]): void
  receive(from: NodeId, message: Extract<Control, { kind: 'reserved' }>): void
  /** No link leads to it any more. */
  lost(broker: NodeId): void
}

export type PlacesOptions = {
  readonly world: World
  tell(to: NodeId, message: Control): void
  changed(): void
}

const seenMax = 64

export function createPlaces({ world, tell, changed }: PlacesOptions): Places {
  /** Nobody else gives us a place: else a liar would name itself in our record. */
  const asked = new Set<NodeId>()
  /** How to stop what comes next: asking again, then its end. */
  const held = new Map<NodeId, () => void>()
  const observed = new Map<NodeId, readonly NodeAddress[]>()

  const leave = (broker: NodeId): void => {
    asked.delete(broker)
    held.get(broker)?.()
    if (held.delete(broker)) changed()
  }
  const hold = (broker: NodeId, lifeMs: number): void => {
    held.get(broker)?.()
    const renew = (): void => {
      held.set(
        broker,
        world.after(lifeMs / 2, () => leave(broker)),
      )
      tell(broker, { kind: 'reserve' })
    }
    held.set(broker, world.after(lifeMs / 2, renew))
  }
  const seen = (broker: NodeId, addresses: readonly NodeAddress[]): void => {
    observed.delete(broker)
    observed.set(broker, addresses)
    if (observed.size > seenMax) observed.delete(observed.keys().next().value as NodeId)
  }
  return {
    reserve(broker) {
      asked.add(broker)
      tell(broker, { kind: 'reserve' })
    },
    leave,
    has: (broker) => held.has(broker),
    ids: () => [...held.keys()],
    observedBy: (broker) => observed.get(broker) ?? [],
    seen,
    receive(from, { lifeMs, observed: addresses }) {
      if (!asked.has(from)) return
      seen(from, addresses)
      const isNew = !held.has(from)
      hold(from, lifeMs)
      if (isNew) changed()
    },
    lost(broker) {
      leave(broker)
      observed.delete(broker)
    },
  }
}
