import { concatBytes, fromBase32 } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readInt } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import {
  type Ballot,
  type Elector,
  encodeCertificate,
  quorumOf,
  readCertificate,
  readPhase,
  roundMax,
} from '../swarm/index.ts'
import {
  type Chain,
  checkOrder,
  electorsOf,
  encodeLink,
  encodeVersion,
  type Link,
  numberOf,
  numberOfVersion,
  readChain,
  readLink,
  readVersion,
  trimmed,
  type Version,
} from './chain.ts'
import { encodeDescriptor, idBytes, zeroBits } from './descriptor.ts'
import { follows } from './entry.ts'
import { type Committees, type Place, type RegisterStore, storeValueBytesMax } from './ports.ts'
import type { RegistersSettings } from './settings.ts'

/** A register that this node keeps. */
export type Held = {
  readonly chain: Chain
  /** The neighbour by whom it came; nobody where it is this node's own, or comes from everywhere. */
  readonly by: NodeId | undefined
  readonly bytes: number
}

/** A vote that this node gave, and the number of the step it was for. */
export type Voted = { readonly number: number; readonly ballot: Ballot }

export type Shelf = {
  get(id: Uint8Array): Held | undefined
  all(): Iterable<Held>
  /** Why this node will not begin to keep it, if it will not. */
  refusal(chain: Chain, from: NodeId): Fault | undefined
  /** Whether there is no room for more than replacing values. */
  isFull(): boolean
  put(chain: Chain, from: NodeId | undefined, done?: (isDurable: boolean) => void): void
  /** A register that never came to a version, and that this node never voted for. */
  drop(id: Uint8Array): void
  voted(id: Uint8Array): Voted | undefined
  vote(id: Uint8Array, voted: Voted, done: (isDurable: boolean) => void): void
}

export type ShelfOptions = {
  readonly store: RegisterStore
  readonly settings: RegistersSettings
  readonly place: Pick<Place, 'at' | 'isMember'>
  readonly committees: Pick<Committees, 'isRelay'>
  isOwn(chain: Chain): boolean
  onFault(fault: Fault): void
}

const kinds = { head: 0, link: 1, version: 2, ballot: 3 } as const

/** What this node keeps of registers, and what it voted: in memory for asking, in the store for the next start. */
export function createShelf({ store, settings, place, committees, isOwn, onFault }: ShelfOptions): Shelf {
  const held = new Map<string, Held>()
  const votes = new Map<string, Voted>()
  let bytes = 0

  load(store, onFault, (chain, by) => keep(chain, by), votes)

  function keep(chain: Chain, by: NodeId | undefined): void {
    const name = chain.id.toHex()
    const one = { chain, by, bytes: bytesOf(chain) }
    bytes += one.bytes - (held.get(name)?.bytes ?? 0)
    held.set(name, one)
  }

  const count = (holds: (one: Held) => boolean): number => [...held.values()].filter(holds).length
  const isFull = (): boolean => bytes > settings.bytesMax

  /**
   * Anybody can name friends as founders, who sign whatever they like. So of those who decide now more than two thirds have to be nodes
   * that the neighbourhood, or the network, has agreed to have.
   */
  function isBacked(chain: Chain): boolean {
    const electors = electorsOf(chain)
    const isKnown = ({ id }: Pick<Elector, 'id'>): boolean =>
      chain.descriptor.class === 'public' ? committees.isRelay(id) : place.isMember(id)
    return electors.filter(isKnown).length >= quorumOf(electors.length)
  }

  function refusal(chain: Chain, from: NodeId): Fault | undefined {
    const { class: of, owner, home } = chain.descriptor
    if (isOwn(chain)) return undefined
    const isPublic = of === 'public'
    const publics = isPublic ? count((one) => one.chain.descriptor.class === 'public') : 0
    const bits = settings.workBits[of] + (isPublic ? bitsForFill(publics / settings.publicMax) : 0)
    if (zeroBits(chain.id) < bits) return refused('its name has too little work in it')
    if (isFull() || held.size >= settings.registersMax || publics >= settings.publicMax)
      return new Fault(
        'limit.registers',
        'This node keeps as many registers as it has room for. Ask another one.',
      )
    if (of !== 'private' && !isBacked(chain)) return refused('those who decide on it are not of this network')
    if (isPublic) {
      const key = owner.toHex()
      const ofOwner = count(
        ({ chain: { descriptor } }) => descriptor.class === of && descriptor.owner.toHex() === key,
      )
      return ofOwner < settings.perOwnerMax ? undefined : refused('its owner has too many')
    }
    if (!place.isMember(from) || place.at(home) === undefined)
      return refused('it is not of this neighbourhood, or does not come from it')
    return count(({ by }) => by === from) < settings.perMemberMax
      ? undefined
      : refused('the neighbour who brings it has brought too many')
  }

  return {
    get: (id) => held.get(id.toHex()),
    all: () => held.values(),
    refusal,
    isFull,
    put(given, from, done = () => {}) {
      const before = held.get(given.id.toHex())
      const chain = isFull() && !isOwn(given) ? { ...given, versions: trimmed(given.versions, 1) } : given
      const by = before === undefined ? (isOwn(chain) ? undefined : from) : before.by
      keep(chain, by)
      write(store, before?.chain, chain, by, done)
    },
    drop(id) {
      const name = id.toHex()
      const one = held.get(name)
      if (one === undefined || votes.has(name) || numberOf(one.chain) > 0) return
      bytes -= one.bytes
      held.delete(name)
      store.set(keyOf(id, kinds.head), undefined, () => {})
    },
    voted: (id) => votes.get(id.toHex()),
    vote(id, voted, done) {
      votes.set(id.toHex(), voted)
      store.set(keyOf(id, kinds.ballot), encodeVoted(voted), done)
    },
  }
}

/** What was there before is not written again. Step by step, so that a crash leaves a register as it was once. */
function write(
  store: RegisterStore,
  before: Chain | undefined,
  chain: Chain,
  by: NodeId | undefined,
  done: (isDurable: boolean) => void,
): void {
  const { id } = chain
  const had = new Set([...(before?.versions ?? []), ...(before?.links ?? [])].map(nameOf))
  const fresh = [
    ...chain.links.map((link) => ({ number: link.number, kind: kinds.link, at: link.number, of: link })),
    ...chain.versions.map((version) => ({
      number: numberOfVersion(chain, version.entry.version),
      kind: kinds.version,
      at: version.entry.version,
      of: version,
    })),
  ]
    .filter(({ of }) => !had.has(nameOf(of)))
    .sort((a, b) => a.number - b.number)
  let waiting = 1
  let isWhole = true
  const settle = (isDurable: boolean): void => {
    isWhole &&= isDurable
    waiting -= 1
    if (waiting === 0) done(isWhole)
  }
  const set = (key: Uint8Array, value: Uint8Array | undefined): void => {
    waiting += 1
    store.set(key, value, settle)
  }
  if (before === undefined) set(keyOf(id, kinds.head), encodeHead(chain, by))
  for (const { kind, at, of } of fresh)
    set(keyOf(id, kind, at), encodeCbor('entry' in of ? encodeVersion(of) : encodeLink(of)))
  const kept = new Set(chain.versions.map(({ entry }) => entry.version))
  for (const { entry } of before?.versions ?? [])
    if (!kept.has(entry.version)) set(keyOf(id, kinds.version, entry.version), undefined)
  settle(true)
}

function nameOf(one: Link | Version): string {
  return 'entry' in one ? `v${one.entry.version} ${one.entry.signature.toHex()}` : `l${one.number}`
}

const neverAgain = Number.MAX_SAFE_INTEGER

type Parts = { head?: Uint8Array; links: [number, Uint8Array][]; versions: [number, Uint8Array][] }

function load(
  store: RegisterStore,
  onFault: (fault: Fault) => void,
  keep: (chain: Chain, by: NodeId | undefined) => void,
  votes: Map<string, Voted>,
): void {
  const found = new Map<string, Parts>()
  for (const [key, value] of store.entries()) {
    const name = key.subarray(0, idBytes).toHex()
    const kind = key[idBytes]
    const number = new DataView(key.buffer, key.byteOffset + idBytes + 1).getUint32(0)
    const parts = found.get(name) ?? { links: [], versions: [] }
    found.set(name, parts)
    if (kind === kinds.head) parts.head = value
    else if (kind === kinds.link) parts.links.push([number, value])
    else if (kind === kinds.version) parts.versions.push([number, value])
    else {
      // Until it reads, nothing that this node could vote for is surely not against what it voted before.
      votes.set(name, { number: neverAgain, ballot: { round: 0, phases: [], lock: undefined } })
      tryRead(onFault, () => votes.set(name, decodeVoted(value)))
    }
  }
  const inOrder = (all: [number, Uint8Array][]): unknown[] =>
    all.sort(([a], [b]) => a - b).map(([, bytes]) => decodeCbor(bytes))
  for (const { head, links, versions } of found.values()) {
    // Without its head it was dropped, and a vote is all that is left.
    if (head === undefined) continue
    tryRead(onFault, () => {
      const [descriptor, founders, by] = readArray(decodeCbor(head), 'A kept register', { max: 3 })
      const chain = readChain([descriptor, founders, [], []])
      const whole: Chain = {
        ...chain,
        links: inOrder(links).map(readLink),
        versions: trimmed(lastRow(chain, inOrder(versions).map(readVersion))),
      }
      checkOrder(whole)
      keep(whole, by === null ? undefined : textOfNodeId(readBytes(by, 'By whom', { length: 32 })))
    })
  }
}

/** The versions that lead up to the last one without a gap: a crash may have left others that were about to go. */
function lastRow(chain: Chain, versions: readonly Version[]): readonly Version[] {
  const from = versions.findLastIndex(
    ({ entry }, i) => i > 0 && !follows(chain, entry, versions[i - 1]?.entry),
  )
  return versions.slice(Math.max(0, from))
}

/** What the disk has spoilt is told, and comes again from others; a vote that does not read would be worse, so it is told too. */
function tryRead(onFault: (fault: Fault) => void, read: () => void): void {
  try {
    read()
  } catch (error) {
    onFault(
      new Fault('damaged.register', 'A kept register does not read: it is fetched from others again.', {
        cause: asFault(error),
      }),
    )
  }
}

function encodeHead({ descriptor, founders }: Chain, by: NodeId | undefined): Uint8Array {
  const keys = founders.map(({ publicKey }) => publicKey)
  return encodeCbor([encodeDescriptor(descriptor), keys, by === undefined ? null : fromBase32(by)])
}

function encodeVoted({ number, ballot: { round, phases, lock } }: Voted): Uint8Array {
  return encodeCbor([
    number,
    round,
    phases,
    lock === undefined ? null : [lock.value, encodeCertificate(lock.certificate)],
  ])
}

function decodeVoted(bytes: Uint8Array): Voted {
  const [number, round, phases, lockRead] = readArray(decodeCbor(bytes), 'A vote', { max: 4 })
  const lock = lockRead === null ? undefined : readArray(lockRead, 'A lock', { max: 2 })
  return {
    number: readInt(number, 'Its number', { min: 1 }),
    ballot: {
      round: readInt(round, 'Its round', { max: roundMax }),
      phases: readArray(phases, 'Its phases', { max: 2 }).map(readPhase),
      lock:
        lock === undefined
          ? undefined
          : {
              value: readBytes(lock[0], 'What it is locked on', { max: storeValueBytesMax }),
              certificate: readCertificate(lock[1]),
            },
    },
  }
}

function keyOf(id: Uint8Array, kind: number, number = 0): Uint8Array {
  const tail = new Uint8Array(5)
  tail[0] = kind
  new DataView(tail.buffer).setUint32(1, number)
  return concatBytes(id, tail)
}

/** About what it takes, here and on the disk. */
function bytesOf({ founders, links, versions }: Chain): number {
  const certificates = [...links, ...versions].reduce(
    (sum, { certificate }) => sum + (certificate?.votes.length ?? 0) * 70,
    0,
  )
  const electors = links.reduce((sum, link) => sum + link.electors.length * 34, founders.length * 34)
  return versions.reduce((sum, { entry }) => sum + entry.value.length + 160, 512 + certificates + electors)
}

function bitsForFill(fill: number): number {
  return fill < 0.5 ? 0 : fill < 0.75 ? 2 : fill < 0.9 ? 4 : 6
}

function refused(why: string): Fault {
  return new Fault('refused.register-room', `This node does not keep that register: ${why}.`)
}
