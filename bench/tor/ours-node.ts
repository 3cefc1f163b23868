/**
 * One node of our network in `tor.bench.ts`: links over TCP, circuits over links, and at its end SOCKS or an exit. Argument:
 * JSON of a `NodePlan`. Prints "ready", a client with the port of its SOCKS server, when its circuit stands.
 */
import { fromHex } from '@anarq/bytes'
import { createLinks, createSystemWorld, createTcpCarrier, type Links } from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import {
  type CellWire,
  createClient,
  createRelay,
  createSwitch,
  type Hop,
  type Switch,
} from '@anarq/qnet/circuit'
import { createExit, createExitPolicy } from '@anarq/qnet/exit'
import { createOutside, openSocks } from '@anarq/socks'

export type NodePlan = {
  /** Three seeds in hexadecimal: of its node key, of its key for links, of its onion key. */
  readonly seeds: readonly [string, string, string]
  readonly port?: number
  readonly isExit?: boolean
  /** The relays, in the order of the circuit, and the ports at which they are dialled. */
  readonly relays: readonly { readonly seeds: NodePlan['seeds']; readonly port: number }[]
}

const plan = JSON.parse(process.argv[2] as string) as NodePlan
const world = createSystemWorld()
const own = keysOf(plan.seeds)
const relays = plan.relays.map(({ seeds, port }) => ({ ...keysOf(seeds), port }))

let board: Switch | undefined
const links = createLinks({
  world,
  identity: own.identity,
  carriers: [createTcpCarrier()],
  find: (peer) => {
    const relay = relays.find(({ id }) => id === peer)
    return (
      relay && {
        agreementKey: relay.identity.agreement.publicKey,
        addresses: [`tcp://127.0.0.1:${relay.port}`],
      }
    )
  },
  events: {
    onCell: (from, cell) => board?.receive(from, cell),
    onCellRoom: (peer) => wire.flush(peer),
    onDown: (peer) => board?.lost(peer),
  },
})
const wire = wireOver(links)
board = createSwitch({ world, self: own.id, wire })

if (plan.port !== undefined) {
  const policy = createExitPolicy({ allowAlso: (address) => address === '127.0.0.1' })
  createRelay({
    ...{ world, self: own.id, circuits: board, onionKeys: () => [own.onionKey] },
    ...(plan.isExit === true ? { exit: createExit({ policy, outside: createOutside() }) } : {}),
  })
  await links.listen(`tcp://127.0.0.1:${plan.port}`)
  console.log('ready')
} else {
  const path = relays.map(({ id, onionKey }): Hop => ({ node: id, onionKey: onionKey.publicKey }))
  const built = Promise.withResolvers<void>()
  const circuit = createClient({ world, circuits: board }).build(path, {
    ready: built.resolve,
    over: (reason, hops) => built.reject(new Error(`the circuit ended behind hop ${hops}: ${reason}`)),
  })
  await built.promise
  const none = { write() {}, consumed() {}, end() {}, reset() {} }
  const socks = await openSocks({
    port: 0,
    streams: {
      open: (target, _, events) => circuit.open(target, events) ?? none,
      associate: () => ({ send() {}, close() {} }),
      resolve: (_host, _isolation, done) => done([]),
    },
  })
  console.log(`ready ${socks.port}`)
}

/** Cells that a link has no room for wait here, in order, until it has: the switch is told when they have gone. */
function wireOver(over: Links): CellWire & { flush(to: NodeId): void } {
  const waiting = new Map<NodeId, Uint8Array[]>()
  const flush = (to: NodeId): void => {
    const cells = waiting.get(to)
    if (cells === undefined) return
    while (cells[0] !== undefined && over.sendCell(to, cells[0])) cells.shift()
    if (cells.length > 0) return
    waiting.delete(to)
    board?.drained(to)
  }
  return {
    flush,
    send(to, cell) {
      const cells = waiting.get(to)
      if (cells !== undefined) cells.push(cell)
      else if (over.sendCell(to, cell)) return true
      else {
        waiting.set(to, [cell])
        over.connect(to).then(
          () => flush(to),
          () => {
            waiting.delete(to)
            board?.lost(to)
          },
        )
      }
      return false
    },
  }
}

function keysOf([node, agreement, onion]: NodePlan['seeds']) {
  const identity = {
    node: primitives.ed25519Key(fromHex(node)),
    agreement: primitives.x25519Key(fromHex(agreement)),
  }
  return { identity, id: nodeIdOf(identity.node.publicKey), onionKey: primitives.x25519Key(fromHex(onion)) }
}
