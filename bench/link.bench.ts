/**
 * What a direct link carries, beside plain TCP and node:tls, between two processes on loopback; and what idle links cost.
 * `npm run bench link [-- --size MiB] [--links N] [--rounds N]`. For 10,000 links the descriptor limit has to be higher than that.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { parseArgs } from 'node:util'
import { fromHex } from '@anarq/bytes'
import {
  createLinks,
  createSystemWorld,
  createTcpCarrier,
  createWebSocketCarrier,
  type Links,
} from '@anarq/links'
import { primitives } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { createLink, type Link, type LinkIdentity } from '@anarq/qnet/link'
import { systemRandom } from '@anarq/random'
import { markdown, median, ratio } from './table.ts'
import { processFacts } from './tools.ts'

type Server = {
  readonly plain: number
  readonly tls: number | undefined
  readonly address: string
  readonly webSocket: string
  readonly keys: readonly [string, string]
}
type Memory = {
  readonly rss: number
  readonly own: number
  readonly arrayBuffers: number
  readonly peers: number
}

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '256' },
    links: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
  },
})
const bytes = Number(values.size) * 1024 * 1024
const idleLinks = Number(values.links)
const chunk = systemRandom.bytes(64 * 1024)
const world = createSystemWorld()
const folder = mkdtempSync(join(tmpdir(), 'anarq-bench-link-'))
const child = spawn(
  process.execPath,
  ['--expose-gc', join(import.meta.dirname, 'link/server.ts'), String(bytes), ...certificate()],
  { stdio: ['pipe', 'pipe', 'inherit'] },
)
const lines = linesOf()
try {
  const server = JSON.parse(await lines()) as Server
  await speed(server)
  await idle(server)
} finally {
  child.kill()
  rmSync(folder, { recursive: true })
}
process.exit(0)

async function speed(server: Server): Promise<void> {
  const contenders: readonly (readonly [string, () => Promise<number>])[] = [
    ['plain TCP', () => bySocket(connect(server.plain, '127.0.0.1'), 'connect')],
    ...(server.tls === undefined
      ? []
      : ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'].map(
          (ciphers) =>
            [
              `node:tls, ${ciphers.slice(4)}`,
              () =>
                bySocket(
                  connectTls({ port: server.tls as number, rejectUnauthorized: false, ciphers }),
                  'secureConnect',
                ),
            ] as const,
        )),
    ['link, one stream', () => byLink(server, server.address, overStream)],
    ['link, messages of 4 MiB', () => byLink(server, server.address, overMessages)],
    ['link, cells of 4 KiB', () => byLink(server, server.address, overCells)],
    ['link over WebSocket, one stream', () => byLink(server, server.webSocket, overStream)],
  ]
  const results = new Map<string, Result[]>()
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [name, run] of contenders) {
      const beforeMs = cpuMs()
      const rate = bytes / (await run()) / 1000
      const result = { rate, cpu: ((cpuMs() - beforeMs) / 1000 / bytes) * 1024 ** 3 }
      results.set(name, [...(results.get(name) ?? []), result])
    }
  const rows = [...results].map(([name, list]) => ({
    name,
    rate: median(list.map(({ rate }) => rate)),
    cpu: median(list.map(({ cpu }) => cpu)),
  }))
  const plain = rows[0]
  const tls = rows.find(({ name }) => name.includes('CHACHA'))
  const [load = 0] = loadavg()
  console.log(`${values.size} MiB one way, two processes on loopback, median of ${values.rounds} rounds`)
  console.log(`load ${load.toFixed(1)} on ${availableParallelism()} cores at the end\n`)
  console.log(
    markdown(
      [
        '',
        'MB/s',
        'of plain TCP',
        'of node:tls, ChaCha20',
        'CPU s a GiB, both sides',
        'node:tls, ChaCha20 ÷ it',
      ],
      rows.map(({ name, rate = 0, cpu = 0 }) => [
        name,
        rate.toFixed(0),
        ratio(rate, plain?.rate),
        ratio(rate, tls?.rate),
        cpu.toFixed(1),
        ratio(tls?.cpu, cpu),
      ]),
    ),
  )
}

type Result = { readonly rate: number; readonly cpu: number }

/** Of both processes together. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000 + (processFacts(child.pid as number)?.cpuMs ?? 0)
}

/** Milliseconds until the other process has said that all is there. */
function bySocket(socket: Socket, event: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let startedMs = 0
    let left = bytes
    const write = (): void => {
      while (left > 0) {
        left -= chunk.length
        if (!socket.write(chunk)) return
      }
    }
    socket.setNoDelay(true)
    socket.once('error', reject).on('drain', write)
    socket.once(event, () => {
      startedMs = performance.now()
      write()
    })
    socket.once('data', () => {
      resolve(performance.now() - startedMs)
      socket.destroy()
    })
  })
}

type Sender = (links: Links, peer: NodeId, heard: Heard) => Promise<void>
type Heard = { next(): Promise<void>; say(): void }

async function byLink(server: Server, address: string, send: Sender): Promise<number> {
  const heard = createHeard()
  const peer = nodeIdOf(fromHex(server.keys[0]))
  const contact = { agreementKey: fromHex(server.keys[1]), addresses: [address] }
  const links = createLinks({
    world,
    identity: newIdentity(),
    carriers: [createTcpCarrier(), createWebSocketCarrier()],
    find: () => contact,
    events: { onMessage: () => heard.say() },
  })
  await links.connect(peer)
  const startedMs = performance.now()
  await send(links, peer, heard)
  const elapsedMs = performance.now() - startedMs
  await links.close()
  return elapsedMs
}

async function overStream(links: Links, peer: NodeId, heard: Heard): Promise<void> {
  const room = createHeard()
  const stream = await links.openStream(peer, {
    onData: () => heard.say(),
    onEnd() {},
    onReset() {},
    onDrain: () => room.say(),
  })
  for (let left = bytes; left > 0; left -= chunk.length) if (!stream.write(chunk)) await room.next()
  await heard.next()
}

/** Messages have no credit: each is answered here, and four are under way. */
async function overMessages(links: Links, peer: NodeId, heard: Heard): Promise<void> {
  const message = new Uint8Array(4 * 1024 * 1024)
  const count = Math.ceil(bytes / message.length)
  for (let sent = 0; sent < count + 4; sent += 1) {
    if (sent >= 4) await heard.next()
    if (sent < count) links.send(peer, message)
  }
}

async function overCells(links: Links, peer: NodeId, heard: Heard): Promise<void> {
  const cell = new Uint8Array(4096)
  for (let left = bytes; left > 0; ) {
    if (links.sendCell(peer, cell)) left -= cell.length
    else await new Promise((resolve) => setImmediate(resolve))
  }
  await heard.next()
}

/** Counts what was said, so that nobody waits for what has been. */
function createHeard(): Heard {
  let said = 0
  let wake: (() => void) | undefined
  return {
    say() {
      said += 1
      wake?.()
    },
    async next() {
      while (said === 0)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      said -= 1
    },
  }
}

/** The memory of the accepting side: what sockets alone take is taken off, by opening as many of them first. */
async function idle(server: Server): Promise<void> {
  const before = await memory()
  const sockets = await Promise.all(
    Array.from({ length: idleLinks }, () => {
      const socket = connect(server.plain, '127.0.0.1')
      return new Promise<Socket>((resolve, reject) =>
        socket.once('connect', () => resolve(socket)).once('error', reject),
      )
    }),
  )
  const plain = await memory()
  for (const socket of sockets) socket.destroy()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const between = await memory()
  const startedMs = performance.now()
  const held: Link[] = []
  for (let i = 0; i < idleLinks; i += 50)
    held.push(...(await Promise.all(Array.from({ length: 50 }, () => idleLink(server)))))
  const seconds = (performance.now() - startedMs) / 1000
  await new Promise((resolve) => setTimeout(resolve, 500))
  const linked = await memory()
  const each = (from: number, to: number): string => `${((to - from) / idleLinks / 1024).toFixed(1)} KiB`
  console.log(`\n${linked.peers} idle links, opened at ${(idleLinks / seconds).toFixed(0)} a second\n`)
  console.log(
    markdown(
      ['one connection, accepting side', 'resident', "JavaScript's own"],
      [
        ['plain TCP', each(before.rss, plain.rss), each(before.own, plain.own)],
        ['link over TCP', each(between.rss, linked.rss), each(between.own, linked.own)],
        [
          'the difference',
          each(plain.rss - before.rss, linked.rss - between.rss),
          each(plain.own - before.own, linked.own - between.own),
        ],
      ],
    ),
  )
  for (const link of held) link.close()
}

async function idleLink(server: Server): Promise<Link> {
  const pipe = await createTcpCarrier().dial(server.address, new AbortController().signal)
  return new Promise((resolve, reject) => {
    const link = createLink({
      world,
      identity: newIdentity(),
      target: { node: nodeIdOf(fromHex(server.keys[0])), agreementKey: fromHex(server.keys[1]) },
      transport: pipe,
      events: {
        onOpen: () => resolve(link),
        onMessage() {},
        onCell() {},
        onStream: () => undefined,
        onLatency() {},
        onClosed: ({ reason }) => reject(new Error(reason)),
      },
    })
    pipe.start({
      onData: (data) => link.receive(data),
      onDrain: () => link.writable(),
      onClosed: () => link.transportClosed(),
    })
  })
}

function newIdentity(): LinkIdentity {
  return {
    node: primitives.ed25519Key(systemRandom.bytes(32)),
    agreement: primitives.x25519Key(systemRandom.bytes(32)),
  }
}

async function memory(): Promise<Memory> {
  child.stdin?.write('memory')
  return JSON.parse(await lines()) as Memory
}

function linesOf(): () => Promise<string> {
  const waiting: ((line: string) => void)[] = []
  const ready: string[] = []
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    const parts = (text + piece).split('\n')
    text = parts.pop() as string
    for (const line of parts) {
      const taker = waiting.shift()
      if (taker === undefined) ready.push(line)
      else taker(line)
    }
  })
  return async () => ready.shift() ?? new Promise((resolve) => waiting.push(resolve))
}

/** Of a moment, by OpenSSL; without it TLS is left out. */
function certificate(): string[] {
  const files = [join(folder, 'certificate.pem'), join(folder, 'key.pem')] as const
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
  ]
  try {
    execFileSync('openssl', [...args, '-subj', '/CN=bench', '-out', files[0], '-keyout', files[1]], {
      stdio: 'ignore',
    })
    return [...files]
  } catch {
    console.error('openssl is not here: node:tls is left out.')
    return []
  }
}
