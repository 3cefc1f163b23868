/**
 * What a change of a register costs, by its class: `npm run bench registers`. Nodes of one network in one process, over lines of 10 to
 * 60 ms in virtual time; messages and bytes are of all nodes together, until everybody who keeps the register has the change.
 */
import { fromBase32, fromUtf8 } from '@anarq/bytes'
import { hashBlake3, primitives } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import {
  type Chain,
  createMemoryRegisterStore,
  createRegisters,
  createStateCommittees,
  numberOf,
  type RegisterClass,
  type Registers,
  registerClasses,
} from '@anarq/qnet/registers'
import { createSigning, type Elector, membersMax } from '@anarq/qnet/swarm'
import { createTestNet, type TestNet } from '@anarq/qnet/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { markdown } from './table.ts'

const sizes = [25, 100, 400]
const changes = 5

type Nodes = { readonly net: TestNet; readonly all: readonly Registers[] }

const key = primitives.ed25519Key(hashBlake3(fromUtf8('the owner')))

function open(size: number): Nodes {
  const net = createTestNet({ seed: size })
  const seeds = Array.from({ length: size }, (_, i) => createSeededRandom(i).bytes(32))
  const electors = seeds.map((seed): Elector => {
    const { publicKey } = createSigning(seed)
    const id = nodeIdOf(publicKey)
    return { id, idBytes: fromBase32(id), publicKey }
  })
  const near = electors.slice(0, membersMax)
  const ids = electors.map(({ id }) => id)
  const state = { seed: hashBlake3(fromUtf8('a seed')), ids, elders: ids, link: { period: 1 } }
  const committees = createStateCommittees({
    state: () => state,
    keyOf: (id) => electors.find((one) => one.id === id)?.publicKey,
  })
  const all = electors.map(({ id }, i) => {
    const node = net.add(id)
    const isNear = i < membersMax
    const registers = createRegisters({
      self: id,
      world: node.world,
      wire: node.wire,
      signing: createSigning(seeds[i] as Uint8Array),
      store: createMemoryRegisterStore(),
      place: {
        own: () => hashBlake3(seeds[i] as Uint8Array),
        at: () => (isNear ? near : undefined),
        isMember: (one) => isNear && near.some((member) => member.id === one),
        find: (_home, then) => then(near.map((member) => member.id)),
      },
      committees,
      others: { ids: () => ids },
      isOwner: (owner) => i === 0 && owner.toHex() === key.publicKey.toHex(),
      settings: { workBits: { private: 0, protected: 0, public: 0 }, tickMs: 3_600_000 },
    })
    node.receive = (from, message) => registers.receive(from, message)
    registers.start()
    return registers
  })
  return { net, all }
}

type Cost = {
  messages: number
  bytes: number
  doneMs: number
  everywhereMs: number
  cpuMs: number
  holders: number
}

function measure(kind: RegisterClass, size: number): Cost {
  const { net, all } = open(size)
  const owner = all[0] as Registers
  let chain: Chain | undefined
  owner.create({ class: kind, name: fromUtf8('n'), value: new Uint8Array(256), key }, (outcome) => {
    if (outcome.ok) chain = outcome.value
  })
  net.runUntil(() => chain !== undefined, 60_000)
  net.run(30_000)
  const before = { ...net.stats }
  const cpu = process.cpuUsage()
  const { id } = chain as Chain
  const cost = { doneMs: 0, everywhereMs: 0 }
  let holders = 0
  for (let i = 1; i <= changes; i += 1) {
    let isDone = false
    const value = new Uint8Array(256).fill(i)
    owner.change({ id, value, key }, ({ ok }) => {
      isDone = ok
    })
    cost.doneMs += net.runUntil(() => isDone, 60_000) ?? Number.NaN
    const keeping = all.filter((one) => one.held(id) !== undefined)
    holders = keeping.length
    const number = numberOf(owner.held(id) as Chain)
    // Nine of ten: the rest hear of it when they next compare, which is not counted here.
    const enough = Math.ceil(holders * 0.9)
    const reached = () => keeping.filter((one) => numberOf(one.held(id) as Chain) === number).length >= enough
    cost.everywhereMs += net.runUntil(reached, 60_000) ?? Number.NaN
    net.run(10_000)
  }
  const { user, system } = process.cpuUsage(cpu)
  return {
    messages: (net.stats.sent - before.sent) / changes,
    bytes: (net.stats.bytes - before.bytes) / changes,
    doneMs: cost.doneMs / changes,
    everywhereMs: cost.everywhereMs / changes,
    cpuMs: (user + system) / 1000 / changes,
    holders,
  }
}

const rows = sizes.flatMap((size) =>
  registerClasses.map((kind) => {
    const { messages, bytes, doneMs, everywhereMs, cpuMs, holders } = measure(kind, size)
    return [
      kind,
      `${size}`,
      `${holders}`,
      messages.toFixed(0),
      `${(bytes / 1024).toFixed(0)} KiB`,
      `${doneMs.toFixed(0)} ms`,
      `${(doneMs + everywhereMs).toFixed(0)} ms`,
      `${cpuMs.toFixed(0)} ms`,
    ]
  }),
)
console.log(
  markdown(
    [
      'class',
      'nodes',
      'keep it',
      'messages',
      'bytes',
      'stands after',
      'nine of ten have it after',
      'processor, all nodes',
    ],
    rows,
  ),
)
