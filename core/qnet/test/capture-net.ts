import { connect, createServer, type Socket } from 'node:net'
import { type AgreementKey, primitives } from '@anarq/qlock'
import { type Exit, type NodeId, nodeIdOf, type World } from '@anarq/qnet'
import { createClient, createRelay, createSwitch, type Hop, type Switch } from '@anarq/qnet/circuit'
import { createLink, type Link, type LinkIdentity, type LinkTransport } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'

/** What was recorded between two nodes, in one direction: each write to the transport, and when it was. */
export type Tape = {
  readonly from: NodeId
  readonly isInitiator: boolean
  readonly pieces: { readonly atMs: number; readonly bytes: Uint8Array }[]
}
export type Captured = {
  readonly atMs: number
  readonly from: NodeId
  readonly to: NodeId
  readonly cell: Uint8Array
}

export type CaptureNode = {
  readonly world: World
  readonly identity: LinkIdentity
  readonly id: NodeId
  readonly onionKey: AgreementKey
  readonly hop: Hop
  readonly board: Switch
  readonly links: Map<NodeId, Link>
  /** Cells as they come out of this node's links. */
  readonly cells: Captured[]
}

/** A node of a circuit over real links: the first of a path is its client, the last may be an exit. */
export function createNode(world: World, role: { isRelay?: boolean; exit?: Exit } = {}): CaptureNode {
  const identity = {
    node: primitives.ed25519Key(systemRandom.bytes(32)),
    agreement: primitives.x25519Key(systemRandom.bytes(32)),
  }
  const id = nodeIdOf(identity.node.publicKey)
  const onionKey = primitives.x25519Key(systemRandom.bytes(32))
  const links = new Map<NodeId, Link>()
  const board = createSwitch({
    world,
    self: id,
    wire: { send: (to, cell) => links.get(to)?.sendCell(cell) ?? true },
  })
  const { isRelay = true, exit } = role
  if (isRelay)
    createRelay({
      ...{ world, self: id, circuits: board, onionKeys: () => [onionKey] },
      ...(exit === undefined ? {} : { exit }),
    })
  const hop = { node: id, onionKey: onionKey.publicKey }
  return { world, identity, id, onionKey, hop, board, links, cells: [] }
}

export function clientOf({ world, board }: CaptureNode): ReturnType<typeof createClient> {
  // Without padding, so that a capture has no more than what is said.
  return createClient({ world, circuits: board, settings: { paddingMs: undefined } })
}

/** The near end of a link between two nodes over a transport. */
export function linkAt(
  node: CaptureNode,
  peer: CaptureNode,
  transport: LinkTransport,
  begins: boolean,
): Link {
  const { world, identity, board, links, cells } = node
  const target = { node: peer.id, agreementKey: peer.identity.agreement.publicKey }
  const link = createLink({
    ...{ world, identity, transport },
    ...(begins ? { target } : {}),
    events: {
      onOpen: () => void links.set(peer.id, link),
      onMessage() {},
      onCell(cell) {
        cells.push({ atMs: world.clock.nowMs(), from: peer.id, to: node.id, cell: cell.slice() })
        board.receive(peer.id, cell)
      },
      onStream: () => undefined,
      onLatency() {},
      onClosed() {
        links.delete(peer.id)
        board.lost(peer.id)
      },
    },
  })
  return link
}

/** Joins two nodes by a pipe of virtual time, and records both directions. */
export function joinRecorded(a: CaptureNode, b: CaptureNode, delayMs: number): readonly [Tape, Tape] {
  const tapes = [a, b].map(({ id }, i): Tape => ({ from: id, isInitiator: i === 0, pieces: [] })) as [
    Tape,
    Tape,
  ]
  const ends: Link[] = []
  const transportOf = (i: 0 | 1): LinkTransport => ({
    write(bytes) {
      const { world } = [a, b][i] as CaptureNode
      tapes[i].pieces.push({ atMs: world.clock.nowMs(), bytes: bytes.slice() })
      world.after(delayMs, () => ends[1 - i]?.receive(bytes))
      return true
    },
    end() {},
  })
  ends[1] = linkAt(b, a, transportOf(1), false)
  ends[0] = linkAt(a, b, transportOf(0), true)
  return tapes
}

/** Joins two nodes by TCP through a proxy on loopback that writes down what passes, as somebody on the way would. */
export async function joinByProxy(a: CaptureNode, b: CaptureNode): Promise<TcpRecord> {
  const record = { there: [] as Buffer[], back: [] as Buffer[] }
  const sockets: Socket[] = []
  const listen = async (onSocket: (socket: Socket) => void): Promise<number> => {
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.push(socket)
      onSocket(socket)
      server.close()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as { port: number }).port
  }
  const dial = (port: number): Socket => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    sockets.push(socket)
    return socket
  }
  const attach = (socket: Socket, node: CaptureNode, peer: CaptureNode, begins: boolean): void => {
    const transport = { write: (bytes: Uint8Array) => socket.write(bytes), end: () => void socket.end() }
    const link = linkAt(node, peer, transport, begins)
    socket.on('data', (bytes: Buffer) => link.receive(bytes)).on('drain', () => link.writable())
    socket.on('error', () => {}).on('close', () => link.transportClosed())
  }
  const inner = await listen((socket) => attach(socket, b, a, false))
  const outer = await listen((socket) => {
    const onward = dial(inner)
    socket.on('data', (bytes: Buffer) => {
      record.there.push(bytes)
      onward.write(bytes)
    })
    onward.on('data', (bytes: Buffer) => {
      record.back.push(bytes)
      socket.write(bytes)
    })
    for (const one of [socket, onward]) one.on('error', () => {})
  })
  attach(dial(outer), a, b, true)
  while (!a.links.has(b.id) || !b.links.has(a.id)) await new Promise((resolve) => setTimeout(resolve, 5))
  return {
    bytes: () => [Buffer.concat(record.there), Buffer.concat(record.back)],
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

export type TcpRecord = { bytes(): readonly [there: Buffer, back: Buffer]; close(): void }

/** An exit that knows one host, which says back what it hears. */
export function echoExit(host: string): Exit & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    connect(name, port, events) {
      asked.push(`${name}:${port}`)
      queueMicrotask(() => (name === host ? events.connected() : events.closed('unresolved')))
      return {
        write(bytes) {
          events.data(bytes.slice())
          events.written(bytes.length)
        },
        consumed() {},
        end: () => events.ended(),
        reset() {},
      }
    },
    resolve: (_, done) => done([]),
    datagrams: () => ({ send() {}, close() {} }),
  }
}
