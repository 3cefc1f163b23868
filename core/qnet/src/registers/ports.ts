import type { NodeId } from '../node-id.ts'
import type { Elector } from '../swarm/index.ts'
import type { Descriptor } from './descriptor.ts'

/**
 * Where a node keeps registers and its own votes: few and small, so all of it is in memory too. Implementations pass
 * `testRegisterStore` of `@anarq/qnet/testing`.
 */
export type RegisterStore = {
  /** What is there when it opens. */
  entries(): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
  /** Nothing for what is kept no more. `done` is called when it is durable, or could not be; in the order of the calls. */
  set(key: Uint8Array, value: Uint8Array | undefined, done: (isDurable: boolean) => void): void
}

/** Keys and values of a store are at most so long. */
export const storeKeyBytesMax = 64
export const storeValueBytesMax: number = 48 * 1024

export type Place = {
  /** Of this node, in the space of neighbourhoods; `undefined` while it has none. */
  own(): Uint8Array | undefined
  /** The members of this node's own neighbourhood, if that is the one for this home. */
  at(home: Uint8Array): readonly Elector[] | undefined
  /** Whether this node shares a neighbourhood with that one. */
  isMember(id: NodeId): boolean
  /** Who may know what lies at this home, wherever that is. */
  find(home: Uint8Array, then: (ids: readonly NodeId[]) => void): void
}

/** The committee of a public register, drawn for it out of the state that the network agreed on. */
export type Committees = {
  /** Somebody; `undefined` while nobody can be drawn, or a key of who was is not known. */
  of(topic: Uint8Array): readonly Elector[] | undefined
  /** Whether the network agreed that this is a relay. One that just came is, and is not drawn yet. */
  isRelay(id: NodeId): boolean
}

/** Nodes of the network that this one knows, for what everybody is told. */
export type Others = { ids(): readonly NodeId[] }

/** Who would decide on this register if its electors were named now, as this node sees it. */
export type CurrentElectors = (descriptor: Descriptor) => readonly Elector[] | undefined

/** A store that lives as long as the process. */
export function createMemoryRegisterStore(): RegisterStore {
  const kept = new Map<string, Uint8Array>()
  return {
    *entries() {
      for (const [key, value] of kept) yield [Uint8Array.fromHex(key), value] as const
    },
    set(key, value, done) {
      if (value === undefined) kept.delete(key.toHex())
      else kept.set(key.toHex(), value.slice())
      done(true)
    },
  }
}
