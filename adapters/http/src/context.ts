import type { IncomingMessage } from 'node:http'
import type { Clock } from '@anarq/clock'
import type { Kernel, Operations } from '@anarq/kernel'
import type { Blocks } from '@anarq/qnt'
import type { Caller, Dispatcher, Feed, PlainPermission } from '@anarq/sdk'
import type { ContentDigest } from '@anarq/squid'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Attempts } from './attempts.ts'
import type { InstalledApps } from './callers.ts'
import type { Desktop } from './desktop.ts'
import type { OwnDisk } from './disk.ts'
import type { Access, Gatekeeper } from './gatekeeper.ts'
import type { Media } from './media.ts'
import type { Metrics } from './metrics.ts'
import type { PageSessions } from './page-sessions.ts'
import type { Problem } from './problem.ts'
import type { Uploads } from './uploads.ts'

/** Figures of the block store, for the metrics. */
export type StoreStats = {
  readonly blocks: number
  /** Of blocks in use, second copies included. */
  readonly liveBytes: number
  readonly fileBytes: number
  /** Blocks found damaged since the start. */
  readonly damaged: number
}

/** What the routes work on. */
export type DoorContext = {
  readonly kernel: Kernel
  readonly operations: Operations
  readonly blocks: Pick<Blocks, 'get'>
  readonly stats: () => Promise<StoreStats>
  readonly gatekeeper: Gatekeeper
  readonly sessions: PageSessions
  readonly disk: OwnDisk
  /** Absent where none was built. */
  readonly desktop: Desktop | undefined
  readonly attempts: Attempts
  readonly uploads: Uploads
  readonly media: Media
  readonly metrics: Metrics
  readonly dispatcher: Dispatcher
  readonly feed: Feed
  readonly apps: InstalledApps
  /** For whom a request is made: an app that it names, or the person; `refused.app` for an app that is not installed. */
  callerOf(headers: IncomingMessage['headers']): Promise<Caller>
  /** As the app asks for them that the request is made for; what is decided for it names it. */
  operationsFor(request: Pick<FastifyRequest, 'app'>): Operations
  readonly clock: Clock
  isAtSocket(request: IncomingMessage): boolean
  /** What to answer for whatever was thrown; a defect of ours is reported on the way. */
  problem(error: unknown): Problem
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Media type of a body that is streamed: it is not parsed. */
    streams?: string
    /** Over a connection that nobody changes anything on, the signature may leave out the digest of the body. */
    bodyMayBeUnbound?: boolean
    /** Apps may ask here too, within what they were granted; everywhere else they may not. */
    isForApps?: boolean
    /** Apps that were granted this may ask here; the route holds them to the places that apps see. */
    appNeeds?: PlainPermission
  }
  interface FastifyRequest {
    /** Whether it comes from the identity in use: see the gatekeeper. */
    isOwner: boolean
    /** What its body has to hash to. */
    digests: readonly ContentDigest[]
    /** Throws where it would not be let in any more: for bodies that take their time. */
    checkAdmitted: () => Promise<void>
    /** Of the key that signed it. */
    keyid: string | undefined
    /** The app that it is made for, on routes with `appNeeds`; undefined: the person. */
    app: (Caller & { readonly kind: 'app' }) | undefined
  }
}

export type App = FastifyInstance

/** Aborts when the client goes away before its answer is out. */
export function signalOf({ raw }: FastifyReply): AbortSignal {
  const stop = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) stop.abort()
  })
  return stop.signal
}
