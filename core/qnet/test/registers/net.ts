import assert from 'node:assert/strict'
import { fromBase32, fromUtf8 } from '@anarq/bytes'
import { type Outcome, unwrap } from '@anarq/fault'
import { hashBlake3, primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import {
  type Chain,
  createMemoryRegisterStore,
  createRegisters,
  hashOfEntry,
  numberOfVersion,
  type RegisterClass,
  type RegisterStore,
  type Registers,
  type RegistersSettings,
  type WritingKey,
} from '@anarq/qnet/registers'
import { createSigning, type Elector, type Signing } from '@anarq/qnet/swarm'
import { createTestNet, type TestNet, type TestNode } from '@anarq/qnet/testing'
import { createSeededRandom } from '@anarq/random/testing'

export const cheap: Partial<RegistersSettings> = {
  workBits: { private: 0, protected: 0, public: 0 },
  roundMs: 1000,
  tickMs: 1000,
  offerMs: 1000,
}

export type Peer = {
  readonly id: NodeId
  readonly elector: Elector
  readonly signing: Signing
  readonly key: WritingKey
  readonly node: TestNode
  readonly blamed: string[]
  /** One, or for a node that lies two with the same key, each of which talks to a half of the others. */
  faces: Registers[]
  /** Ends what runs and starts again over what was durable by then. */
  restart(): void
}

export type World = {
  readonly net: TestNet
  readonly peers: readonly Peer[]
  /** Of every honest node, what it held to be decided: more than one for a step is a broken promise. */
  readonly decided: Map<string, Set<string>>
  view: readonly Elector[]
  committee: readonly Elector[] | undefined
  relays: readonly Elector[]
}

export type WorldOptions = {
  readonly seed: number
  readonly size: number
  readonly liars?: number
  readonly loss?: number
  readonly settings?: Partial<RegistersSettings>
  /** A write takes so long to be durable, and is lost where its node goes down before. */
  readonly diskMs?: number
  readonly disks?: { areBroken: boolean }
}

export function createWorld({
  seed,
  size,
  liars = 0,
  loss = 0,
  settings = {},
  diskMs = 0,
  disks = { areBroken: false },
}: WorldOptions): World {
  const net = createTestNet({ seed, loss })
  const decided = new Map<string, Set<string>>()
  const electors = Array.from({ length: size }, (_, i) => electorOf(seedOf(seed, i)))
  const world: World = { net, peers: [], decided, view: electors, committee: electors, relays: electors }
  const peers = electors.map((elector, i) =>
    addPeer(world, elector, seedOf(seed, i), { i, liars, settings, diskMs, disks }),
  )
  return Object.assign(world, { peers })
}

type Made = { i: number } & Required<Pick<WorldOptions, 'diskMs' | 'disks' | 'liars' | 'settings'>>

function addPeer(
  world: World,
  elector: Elector,
  seed: Uint8Array,
  { i, liars, settings, diskMs, disks }: Made,
): Peer {
  const { net, decided } = world
  const node = net.add(elector.id)
  const signing = createSigning(seed)
  const key = primitives.ed25519Key(hashBlake3(seed, Uint8Array.of(9)))
  const isLiar = i < liars
  const ownDisks = Array.from({ length: isLiar ? 2 : 1 }, () => createDisk(node, diskMs, disks))
  const blamed: string[] = []
  const open = (face: number): Registers => {
    const registers = createRegisters({
      self: elector.id,
      world: node.world,
      wire: {
        send(to, message) {
          const at = world.peers.findIndex(({ id }) => id === to)
          // Between liars each face speaks to the other's: two worlds that share their keys.
          if (isLiar && at < liars)
            net.after(20, () => world.peers[at]?.faces[face]?.receive(elector.id, message))
          else if (!isLiar || at % 2 === face) node.wire.send(to, message)
        },
      },
      signing,
      store: ownDisks[face]?.open() as RegisterStore,
      place: {
        own: () => hashBlake3(seed),
        at: () => world.view,
        isMember: (id) => world.view.some((one) => one.id === id),
        find: (_home, then) => then(world.view.map(({ id }) => id)),
      },
      committees: {
        of: () => world.committee,
        isRelay: (id) => world.relays.some((one) => one.id === id),
      },
      others: { ids: () => world.peers.map(({ id }) => id) },
      isOwner: (owner) => owner.toHex() === key.publicKey.toHex(),
      blame: (_peer, code) => blamed.push(code),
      changed(chain) {
        if (!isLiar) note(decided, chain)
      },
      settings: { ...cheap, ...settings },
    })
    registers.start()
    return registers
  }
  const peer: Peer = {
    id: elector.id,
    elector,
    signing,
    key,
    node,
    blamed,
    faces: ownDisks.map((_, face) => open(face)),
    restart() {
      for (const face of peer.faces) face.stop()
      for (const disk of ownDisks) disk.crash()
      peer.faces = ownDisks.map((_, face) => open(face))
    },
  }
  node.receive = (from, message) => {
    const at = world.peers.findIndex(({ id }) => id === from)
    peer.faces[isLiar ? at % 2 : 0]?.receive(from, message)
  }
  return peer
}

export function create(world: World, peer: Peer, of: RegisterClass, value: string, withinMs?: number): Chain {
  return unwrap(
    run<Chain>(
      world,
      (then) =>
        peer.faces[0]?.create(
          { class: of, name: fromUtf8('name'), value: fromUtf8(value), key: peer.key },
          then,
        ),
      withinMs,
    ),
  )
}

export function run<T>(
  world: World,
  begin: (then: (outcome: Outcome<T>) => void) => void,
  withinMs = 60_000,
): Outcome<T> {
  let outcome: Outcome<T> | undefined
  begin((one) => {
    outcome = one
  })
  assert.ok(
    world.net.runUntil(() => outcome !== undefined, withinMs) !== undefined,
    'it was not done in time',
  )
  return outcome as unknown as Outcome<T>
}

/** A store whose writes are durable only after a while, in their order. */
function createDisk(
  node: TestNode,
  diskMs: number,
  disks: { readonly areBroken: boolean },
): { open(): RegisterStore; crash(): void } {
  const durable = createMemoryRegisterStore()
  let epoch = 0
  return {
    open: () => ({
      entries: () => durable.entries(),
      set(key, value, done) {
        if (disks.areBroken) done(false)
        else if (diskMs === 0) durable.set(key, value, done)
        if (disks.areBroken || diskMs === 0) return
        const of = epoch
        node.world.after(diskMs, () => {
          if (of === epoch) durable.set(key, value, done)
        })
      },
    }),
    crash() {
      epoch += 1
    },
  }
}

function note(decided: Map<string, Set<string>>, chain: Chain): void {
  if (chain.descriptor.class === 'private') return
  for (const { entry } of chain.versions) {
    const name = `${chain.id.toHex()} ${numberOfVersion(chain, entry.version)}`
    decided.set(name, (decided.get(name) ?? new Set()).add(`set ${hashOfEntry(entry).toHex()}`))
  }
  for (const { number, electors } of chain.links) {
    const name = `${chain.id.toHex()} ${number}`
    decided.set(name, (decided.get(name) ?? new Set()).add(`move ${electors.map(({ id }) => id)}`))
  }
}

function seedOf(seed: number, i: number): Uint8Array {
  return createSeededRandom(seed * 1000 + i).bytes(32)
}

function electorOf(seed: Uint8Array): Elector {
  const { publicKey } = createSigning(seed)
  const id = nodeIdOf(publicKey)
  return { id, idBytes: fromBase32(id), publicKey }
}
