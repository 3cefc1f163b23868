import type { NodeId } from '../node-id.ts'
import { type Elector, faultsOf, rankFor } from '../swarm/index.ts'
import type { World } from '../world.ts'
import { type Chain, electorsOf, encodeChain, numberOf, type Step, since, tagOf } from './chain.ts'
import type { Message } from './messages.ts'
import type { Others, Place } from './ports.ts'
import type { RegistersSettings } from './settings.ts'
import type { Held, Shelf } from './shelf.ts'

export type SpreadingOptions = {
  readonly self: NodeId
  readonly world: World
  readonly shelf: Shelf
  readonly settings: RegistersSettings
  readonly place: Place
  readonly others: Others
  send(to: NodeId, kind: Message['kind'], ...body: readonly unknown[]): void
}

/** How a register gets to everybody who keeps it: told when it changes, compared now and then for what was lost. */
export type Spreading = {
  /** Who offered a version from outside hears how it ended. */
  noteWriter(id: Uint8Array, writer: NodeId): void
  /** After this node saw a step decided. */
  tellOf(chain: Chain, step: Step, before: readonly Elector[]): void
  /** After it was told of one. */
  tellNews(chain: Chain, from: NodeId): void
  /** A private one, to those who keep copies. */
  tellCopies(chain: Chain): void
  tick(): void
}

const comparedAtOnce = 4
const writersNoted = 256

export function createSpreading(options: SpreadingOptions): Spreading {
  const { self, world, shelf, settings, place, others, send } = options
  const writers = new Map<string, Set<NodeId>>()
  let turn: Uint8Array[] = []

  const drawn = (ids: readonly NodeId[], count: number): NodeId[] => {
    const left = ids.filter((id) => id !== self)
    const taken: NodeId[] = []
    while (taken.length < count && left.length > 0) {
      const at = new DataView(world.random.bytes(4).buffer).getUint32(0) % left.length
      taken.push(...left.splice(at, 1))
    }
    return taken
  }
  const tellAll = (chain: Chain, ids: Iterable<NodeId>): void => {
    const encoded = encodeChain(chain)
    for (const id of ids) send(id, 'state', encoded)
  }
  const copiesOf = ({ descriptor, id }: Chain): readonly NodeId[] =>
    rankFor(id, place.at(descriptor.home) ?? [])
      .filter((one) => one.id !== self)
      .slice(0, settings.copies)
      .map((one) => one.id)

  /** A few words to each: most have it already, and who has not asks for it. */
  const announce = (chain: Chain, ids: readonly NodeId[]): void => {
    for (const id of drawn(ids, settings.fanout)) send(id, 'have', chain.id, numberOf(chain), tagOf(chain))
  }

  function compare({ chain }: Held): void {
    const { class: of, home } = chain.descriptor
    const among =
      of === 'public'
        ? others.ids()
        : of === 'private'
          ? copiesOf(chain)
          : [...electorsOf(chain), ...(place.at(home) ?? [])].map(({ id }) => id)
    for (const id of drawn(among, 1)) send(id, 'have', chain.id, numberOf(chain), tagOf(chain))
  }

  return {
    noteWriter(id, writer) {
      const name = id.toHex()
      const noted = writers.get(name) ?? new Set()
      writers.delete(name)
      writers.set(name, noted.size < 8 ? noted.add(writer) : noted)
      if (writers.size > writersNoted) writers.delete(writers.keys().next().value as string)
    },
    tellOf(chain, step, before) {
      const was = new Set(before.map(({ id }) => id))
      // Of so many that more than could lie or fail tell it.
      const isTelling = before.findIndex(({ id }) => id === self) <= faultsOf(before.length)
      const name = chain.id.toHex()
      const come = 'electors' in step ? step.electors.map(({ id }) => id) : [...(writers.get(name) ?? [])]
      if ('entry' in step) writers.delete(name)
      if (isTelling)
        tellAll(
          chain,
          come.filter((id) => !was.has(id)),
        )
      if (chain.descriptor.class === 'public') announce(chain, others.ids())
    },
    tellNews(chain, from) {
      if (chain.descriptor.class === 'public' && numberOf(chain) > 0)
        announce(
          chain,
          others.ids().filter((id) => id !== from),
        )
    },
    tellCopies: (chain) => tellAll(since(chain, numberOf(chain) - 1), copiesOf(chain)),
    tick() {
      if (turn.length === 0) turn = [...shelf.all()].map(({ chain }) => chain.id)
      for (const id of turn.splice(0, comparedAtOnce)) {
        const held = shelf.get(id)
        if (held !== undefined && numberOf(held.chain) > 0) compare(held)
      }
    },
  }
}
