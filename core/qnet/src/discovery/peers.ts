import { Fault } from '@anarq/fault'
import { pick } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import { type NodeRecord, parseRecord } from '../record/index.ts'
import type { World } from '../world.ts'
import type { Asks } from './asks.ts'
import type { Directory, Entry } from './directory.ts'
import { diverse } from './distance.ts'
import type { Intake } from './intake.ts'
import type { Median } from './median.ts'
import type { Message } from './messages.ts'
import type { Routing } from './routing.ts'
import { type Contact, contactOfRecord } from './seeds.ts'
import type { DiscoverySettings } from './settings.ts'

/** Who is there: greets contacts and newcomers, and from time to time everybody again. */
export type Peers = {
  meet(contact: Contact): void
  /** A true record of a node that may have no place in the directory: the way to it is kept for a while. */
  met(record: NodeRecord): void
  contactOf(id: NodeId): Contact | undefined
  receive(from: NodeId, message: Extract<Message, { kind: 'hello' }>): void
  failed(id: NodeId): void
  /** To be called every two seconds or so. */
  tick(): void
  /** Greets the peer that was silent for longest. */
  revisit(): void
  live(): readonly NodeId[]
}

export type PeersOptions = {
  readonly self: NodeId
  readonly world: World
  readonly asks: Asks
  readonly directory: Directory
  readonly routing: Routing
  readonly intake: Intake
  readonly settings: DiscoverySettings
  /** How far peers say that our clock is off, and how much work they ask for. */
  readonly offsets: Median
  readonly bitsAsked: Median
  own(): NodeRecord | undefined
  nowMs(): number
  send(to: NodeId, message: Message): void
  blame(from: NodeId, error: unknown): void
  /** It answered for the first time. */
  isLive(id: NodeId): void
}

const contactsMax = 128
const metMax = 256
const probesPerTick = 4
const seekMsMin = 2_000
const seekMsMax = 60_000
const probeAgainMs = 60_000
const doublingsMax = 5

export function createPeers(options: PeersOptions): Peers {
  const { self, world, directory, routing, settings } = options
  const book = createBook(directory)
  const probedMs = new Map<NodeId, number>()
  let seekMs = seekMsMin
  let soughtMs: number | undefined

  const failed = (id: NodeId): void => {
    const entry = directory.get(id)
    if (entry !== undefined) entry.failures += 1
    routing.failed(id)
  }
  const greet = (id: NodeId): void => {
    const own = options.own()
    if (own === undefined || id === self || directory.isEnded(id)) return
    remember(probedMs, id, world.clock.nowMs(), metMax * 4)
    options.asks.ask(
      id,
      (nonce) => ({
        kind: 'hello',
        nonce,
        timeMs: Math.max(0, world.clock.nowMs()),
        bits: options.intake.bits(),
        record: own.bytes,
      }),
      (answer, rttMs) => {
        if (answer?.kind !== 'welcome') {
          failed(id)
          return
        }
        try {
          welcomed(options, id, answer, rttMs)
        } catch (error) {
          options.blame(id, error)
        }
      },
    )
  }
  const wasProbedLately = (id: NodeId): boolean => {
    const atMs = probedMs.get(id)
    if (atMs === undefined) return false
    const agoMs = world.clock.nowMs() - atMs
    return agoMs >= 0 && agoMs < restMsOf(directory.get(id), atMs, settings)
  }
  /** Greets nodes that are not among the live, few of a group, so that none crowds out the others. */
  const probe = (): void => {
    const silent = [...directory.entries()].filter(
      ({ record }) => record.addresses.length > 0 && !routing.has(record.id) && !wasProbedLately(record.id),
    )
    const some = pick(world.random, silent, 4 * probesPerTick)
    for (const { record } of diverse(some, ({ group }) => group, 1, probesPerTick)) greet(record.id)
  }
  const seek = (): void => {
    const agoMs = world.clock.nowMs() - (soughtMs ?? Number.NEGATIVE_INFINITY)
    if (agoMs >= 0 && agoMs < seekMs) return
    soughtMs = world.clock.nowMs()
    seekMs = Math.min(seekMsMax, 2 * seekMs)
    for (const id of pick(world.random, book.contacts(), 2 * probesPerTick)) greet(id)
  }

  return {
    failed,
    live: () => routing.ids(),
    meet(contact) {
      if (contact.id === self) return
      book.meet(contact)
      seekMs = seekMsMin
      soughtMs = undefined
      // Whoever gave an invitation waits for this one.
      greet(contact.id)
    },
    met: book.met,
    contactOf: book.contactOf,
    receive(from, { nonce, record }) {
      if (parseRecord(record).id !== from)
        throw new Fault('invalid.record', 'A node showed the record of another.')
      const own = options.own()
      const timeMs = Math.max(0, world.clock.nowMs())
      if (own !== undefined)
        options.send(from, { kind: 'welcome', nonce, timeMs, bits: options.intake.bits(), record: own.bytes })
      // A clock that is far off gets the answer that tells it so; its record waits until it is right.
      options.intake.take(record, from)
      const entry = directory.get(from)
      if (entry === undefined) return
      entry.greetedMs = world.clock.nowMs()
      if (entry.answeredMs === undefined && !wasProbedLately(from)) greet(from)
    },
    tick() {
      if (routing.size < Math.min(3, settings.peersWanted)) seek()
      if (routing.size < settings.peersWanted) probe()
    },
    revisit() {
      const heard = routing.ids().flatMap((id) => directory.get(id) ?? [])
      const oldest = heard.sort((a, b) => (a.answeredMs ?? 0) - (b.answeredMs ?? 0))[0]
      if (oldest !== undefined) greet(oldest.record.id)
      // Two sides of a network that was torn find each other again by whom they knew before.
      const away = [...book.contacts()].filter((id) => !routing.has(id) && !wasProbedLately(id))
      for (const id of pick(world.random, away, 1)) greet(id)
      probe()
    },
  }
}

/** How long a node that was greeted and did not answer yet is left alone. */
function restMsOf(entry: Entry | undefined, atMs: number, { askTimeoutMs }: DiscoverySettings): number {
  // Whoever greeted since then is there: what failed was one message, or it came before that node was ready.
  if ((entry?.greetedMs ?? Number.NEGATIVE_INFINITY) >= atMs) return askTimeoutMs
  return probeAgainMs * 2 ** Math.min(doublingsMax, entry?.failures ?? 0)
}

function welcomed(
  options: PeersOptions,
  id: NodeId,
  message: Extract<Message, { kind: 'welcome' }>,
  rttMs: number,
): void {
  const { directory, routing, world } = options
  if (parseRecord(message.record).id !== id)
    throw new Fault('invalid.record', 'A node showed the record of another.')
  options.offsets.add(groupOf(directory, id), message.timeMs + rttMs / 2 - world.clock.nowMs())
  options.bitsAsked.add(groupOf(directory, id), message.bits)
  options.intake.take(message.record, id)
  const entry = directory.get(id)
  if (entry === undefined) return
  const isFirst = entry.answeredMs === undefined
  entry.answeredMs = world.clock.nowMs()
  entry.failures = 0
  entry.rttMs = rttMs
  if (entry.record.addresses.length > 0) routing.offer(id, entry.group)
  if (isFirst) options.isLive(id)
}

/** Ways to nodes: named by the host, met in look-ups, or in the directory. */
type Book = Pick<Peers, 'contactOf' | 'meet' | 'met'> & { contacts(): Iterable<NodeId> }

function createBook(directory: Directory): Book {
  const named = new Map<NodeId, Named>()
  const met = new Map<NodeId, Contact>()
  return {
    contacts: () => new Set([...named.keys(), ...met.keys()]),
    meet: (contact) =>
      remember(named, contact.id, { contact, after: directory.get(contact.id)?.record }, contactsMax),
    met: (record) => remember(met, record.id, contactOfRecord(record), metMax),
    contactOf(id) {
      const record = directory.get(id)?.record
      const given = named.get(id)
      if (record === undefined) return given?.contact ?? met.get(id)
      const said = contactOfRecord(record)
      // A node that went elsewhere since may be named by an invitation before its own record of that comes.
      if (given === undefined || given.after !== record) return said
      return joined(given.contact, said)
    },
  }
}

/** What the host named, and what the node itself had said until then. */
type Named = { readonly contact: Contact; readonly after: NodeRecord | undefined }

/** Ways of both, those of the first before those of the second, whose key it is. */
function joined(first: Contact, second: Contact): Contact {
  const brokerIds = new Set([...(first.brokerIds ?? []), ...(second.brokerIds ?? [])])
  return {
    ...second,
    addresses: [...first.addresses, ...second.addresses],
    ...(brokerIds.size === 0 ? {} : { brokerIds: [...brokerIds] }),
  }
}

function groupOf(directory: Directory, id: NodeId): string {
  return directory.get(id)?.group ?? 'none'
}

function remember<T>(map: Map<NodeId, T>, id: NodeId, value: T, most: number): void {
  map.delete(id)
  map.set(id, value)
  if (map.size > most) map.delete(map.keys().next().value as NodeId)
}
