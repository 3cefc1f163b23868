import type { IncomingMessage, RequestListener } from 'node:http'
import { type Clock, systemClock } from '@anarq/clock'
import { type Fault, kindOf } from '@anarq/fault'
import type { Kernel, Operations } from '@anarq/kernel'
import type { Blocks } from '@anarq/qnt'
import { systemRandom } from '@anarq/random'
import { createDispatcher, createFeed, type Dispatcher, type Feed } from '@anarq/sdk'
import type { ReplayPort } from '@anarq/squid'
import { createApp } from './app.ts'
import { createAttempts } from './attempts.ts'
import { createCallers, type InstalledApps, noApps } from './callers.ts'
import type { DoorContext, StoreStats } from './context.ts'
import { createDesktop } from './desktop.ts'
import { noDisk, type OwnDisk } from './disk.ts'
import { createGatekeeper } from './gatekeeper.ts'
import { type Listener, listenOnPort, listenOnSocket } from './listeners.ts'
import { createMedia } from './media.ts'
import { createMetrics } from './metrics.ts'
import { type Mount, mounted } from './mounts.ts'
import { createPageSessions } from './page-sessions.ts'
import { faultOfError, problemOf } from './problem.ts'
import { createUploads } from './uploads.ts'

export type HttpDoorOptions = {
  kernel: Kernel
  /** The kernel's own, or the same ones watched by the feed. */
  operations?: Operations
  feed?: Feed
  /** By default one over these operations, without apps. */
  dispatcher?: Dispatcher
  /** Who may call for an app; by default there is none. */
  apps?: InstalledApps
  /** What the gateway gives out: sealed blocks, by their names. */
  blocks: Pick<Blocks, 'get'>
  stats: () => Promise<StoreStats>
  port?: number
  host?: string
  /** Path of the socket (`socketOf`): a Unix socket, or a named pipe on Windows. */
  socket: string
  /** Further names under which this node is called, such as one in a reverse proxy. */
  hosts?: readonly string[]
  /** Large files of commands at the socket; without it their bytes come through it. */
  disk?: OwnDisk
  /** The folder of the built desktop. */
  desktop?: string
  /** A proxy in front of the port speaks HTTPS to everybody: passphrases may come by it from elsewhere. */
  isBehindTls?: boolean
  /** Other doors on the same port, each below a prefix of its own; the socket has none. */
  mounts?: readonly Mount[]
  /** After so long without a byte from the other side, its connection to the port is cut. */
  idleMs?: number
  /** Remembers which signed requests came. By default one in memory, under which only what was signed since the start counts. */
  replay?: ReplayPort
  clock?: Clock
  /** Defects of ours, which the answer to a client does not describe. */
  onFault?: (fault: Fault) => void
}

export type HttpDoor = { readonly address: string; close(): Promise<void> }

/** Opens both doors of a node: the port for signed requests, and the socket for this machine's user. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const {
    kernel,
    blocks,
    stats,
    port = 4600,
    host = '127.0.0.1',
    socket,
    hosts = [],
    isBehindTls = false,
    mounts = [],
    idleMs = 60_000,
    clock = systemClock,
    onFault = () => {},
  } = options
  const atSocket = new WeakSet<IncomingMessage>()
  const metrics = createMetrics({ kernel, stats })
  const { operations = kernel.operations, feed = createFeed(clock), apps = noApps } = options
  const sessions = createPageSessions({
    account: operations.account,
    clock,
    onChanged: () => feed.emit('browsers'),
  })
  const uploads = createUploads({ health: operations.health, clock })
  const media = createMedia({ account: operations.account, sessions, apps, clock, random: systemRandom })
  const unfollow = feed.on(({ topic }) => {
    if (topic === 'lock' || topic === 'identity') media.endAll()
  })
  const gatekeeper = createGatekeeper({
    kernel,
    hosts,
    host,
    clock,
    isBehindTls,
    sessions,
    replay: options.replay,
  })
  const context: DoorContext = {
    kernel,
    operations,
    feed,
    dispatcher: options.dispatcher ?? createDispatcher({ operations, clock }),
    apps,
    callerOf: createCallers(apps),
    operationsFor: ({ app }) => (app && apps.operationsAs(app.id)) ?? operations,
    blocks,
    stats,
    clock,
    metrics,
    sessions,
    disk: options.disk ?? noDisk,
    desktop: options.desktop === undefined ? undefined : createDesktop(options.desktop),
    attempts: createAttempts(clock),
    uploads,
    media,
    gatekeeper,
    isAtSocket: (request) => atSocket.has(request),
    problem(error) {
      const fault = faultOfError(error)
      if (kindOf(fault) === 'internal') onFault(fault)
      return problemOf(fault)
    },
  }
  const app = await createApp(context)
  const atPort: RequestListener = mounted(app.routing, mounts, context)
  const local = await listenOnSocket((request, answer) => {
    atSocket.add(request)
    app.routing(request, answer)
  }, socket)
  const outer = await listenOnPort(atPort, { port, host, idleMs }).catch(async (error: unknown) => {
    await local.close()
    throw error
  })
  return {
    address: outer.address,
    async close() {
      unfollow()
      await uploads.close()
      await closeAll(outer, local)
      await app.close()
      metrics.close()
    },
  }
}

async function closeAll(...listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()))
}
