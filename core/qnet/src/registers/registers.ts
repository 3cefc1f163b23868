import { asFault, type Fault, type Outcome } from '@anarq/fault'
import { encodeCbor } from '@anarq/ipld'
import { createBuckets } from '../buckets.ts'
import type { NodeId } from '../node-id.ts'
import { createRequests, type Signing } from '../swarm/index.ts'
import { messageBytesMax, type Wire, type World } from '../world.ts'
import { type Chain, electorsOf, extended, numberOf, withStep } from './chain.ts'
import { createDeciding } from './deciding.ts'
import { type Reference, topicOf } from './descriptor.ts'
import { createHearing } from './hearing.ts'
import { createJudging } from './judging.ts'
import { type Message, parseMessage } from './messages.ts'
import type { Committees, CurrentElectors, Others, Place, RegisterStore } from './ports.ts'
import { createReading } from './reading.ts'
import { type RegistersSettings, registersDefaults } from './settings.ts'
import { createShelf } from './shelf.ts'
import { createSpreading } from './spreading.ts'
import { createWriting, type Writing } from './writing.ts'

export type RegistersOptions = {
  readonly self: NodeId
  readonly world: World
  readonly wire: Wire
  /** Of the node: what it signs as an elector. */
  readonly signing: Signing
  readonly store: RegisterStore
  readonly place: Place
  readonly committees: Committees
  readonly others: Others
  /** Whether somebody who uses this node owns it: kept without being asked for, and beyond all limits. */
  isOwner(key: Uint8Array): boolean
  blame?(peer: NodeId, code: string): void
  onFault?(fault: Fault): void
  /** A register is at another step than it was. */
  changed?(chain: Chain): void
  readonly settings?: Partial<RegistersSettings>
}

export type Registers = Pick<Writing, 'change' | 'create'> & {
  start(): void
  stop(): void
  receive(from: NodeId, message: Uint8Array): void
  /** As far as this node knows it. */
  held(id: Uint8Array): Chain | undefined
  all(): Iterable<Chain>
  /** The newest that those who keep it show; `missing.register`, `unavailable.register`. */
  read(reference: Reference, then: (outcome: Outcome<Chain>) => void): void
}

/** What a peer may cost: checking signatures is what costs. */
const budget = { perSecond: 200, burst: 4000 }
const costOf: Readonly<Record<Message['kind'], number>> = {
  offer: 10,
  agree: 2,
  state: 20,
  have: 1,
  'number?': 1,
  get: 4,
  answer: 1,
}

/** One node's part in the registers of the network: a state machine over a world and a wire. */
export function createRegisters(options: RegistersOptions): Registers {
  const { self, world, wire, signing, store, place, committees, others, isOwner } = options
  const { blame = () => {}, onFault = () => {}, changed = () => {} } = options
  const settings = { ...registersDefaults, ...options.settings }
  const buckets = createBuckets(budget)
  let isStopped = false

  const send = (to: NodeId, kind: Message['kind'], ...body: readonly unknown[]): void => {
    const message = encodeCbor([kind, ...body])
    if (!isStopped && to !== self && message.length <= messageBytesMax) wire.send(to, message)
  }
  const current: CurrentElectors = (descriptor) =>
    descriptor.class === 'public'
      ? committees.of(topicOf(descriptor))
      : descriptor.class === 'protected'
        ? place.at(descriptor.home)
        : undefined
  const isOwn = ({ descriptor }: Chain): boolean =>
    [descriptor.owner, ...descriptor.writers].some((key) => isOwner(key))
  const shelf = createShelf({ store, settings, place, committees, isOwn, onFault })
  const requests = createRequests({
    world,
    send: (to, kind, ...body) => send(to, kind as Message['kind'], ...body),
    timeoutMs: settings.askTimeoutMs,
  })
  const deciding = createDeciding({
    self,
    world,
    signing,
    settings,
    shelf,
    judging: createJudging({
      clock: world.clock,
      settings,
      current,
      isThere: ({ class: of }, id) => (of === 'public' ? committees.isRelay(id) : place.isMember(id)),
      isFull: shelf.isFull,
    }),
    send: (to, id, number, part) => send(to, 'agree', id, number, part),
    decided(chain, step, certificate) {
      const held = shelf.get(chain.id)
      if (held === undefined || numberOf(held.chain) !== step.number - 1) return
      const next = withStep(held.chain, step, certificate)
      adopt(next, undefined)
      spreading.tellOf(next, step, electorsOf(chain))
    },
  })
  const spreading = createSpreading({ self, world, shelf, settings, place, others, send })
  const reading = createReading({ self, signing, shelf, place, others, requests, world })
  const writing = createWriting({
    self,
    world,
    settings,
    shelf,
    place,
    current,
    send,
    adopt: (chain, done) => adopt(chain, undefined, done),
    offer: (chain, entry) => deciding.offer(chain, entry),
    refresh: reading.refresh,
    tell: spreading.tellCopies,
  })

  const hearing = createHearing({
    signing,
    shelf,
    deciding,
    spreading,
    reading,
    requests,
    current,
    send,
    adopt,
    blame,
  })

  function adopt(chain: Chain, from: NodeId | undefined, done?: (isDurable: boolean) => void): void {
    shelf.put(chain, from, done)
    deciding.moved(chain)
    writing.moved(chain)
    changed(chain)
  }

  function tick(): void {
    if (isStopped) return
    for (const held of [...shelf.all()]) {
      const isIdle = deciding.tick(held)
      if (isIdle && !writing.isPending(held.chain)) shelf.drop(held.chain.id)
    }
    spreading.tick()
    world.after(settings.tickMs, tick)
  }

  return {
    start() {
      world.after((settings.tickMs * (world.random.bytes(1)[0] as number)) / 256, tick)
    },
    stop() {
      isStopped = true
      deciding.stop()
      writing.stop()
    },
    receive(from, bytes) {
      if (isStopped || from === self) return
      try {
        const message = parseMessage(bytes)
        if (buckets.take(from, costOf[message.kind], world.clock.nowMs())) hearing.hear(from, message)
      } catch (error) {
        blame(from, asFault(error).code)
      }
    },
    held: (id) => shelf.get(id)?.chain,
    *all() {
      for (const { chain } of shelf.all()) yield chain
    },
    read: (reference, then) =>
      reading.read(reference, (outcome) => {
        // Whoever may write to it keeps it, however far from its home.
        if (outcome.ok && isOwn(outcome.value)) {
          const next = extended(shelf.get(reference.id)?.chain, outcome.value, signing)
          if (next !== undefined) adopt(next, undefined)
        }
        then(outcome)
      }),
    create: writing.create,
    change: writing.change,
  }
}
