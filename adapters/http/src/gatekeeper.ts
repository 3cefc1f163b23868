import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { fromUtf8, toHex } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import type { Kernel } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import {
  type ContentDigest,
  createReplayMemory,
  createSessionCache,
  type ReplayPort,
  type VerifiedRequest,
  verifyRequest,
} from '@anarq/squid'
import { hasBody } from './body.ts'
import type { PageSessions } from './page-sessions.ts'

/**
 * Who a route is for: anybody; anybody, and more for the identity in use; that identity; that identity with secrets in what
 * it sends; any identity of this home; a page of this node's own that begins a session, with secrets in it; this machine's
 * user at the socket.
 */
export type Access = 'open' | 'optional' | 'signed' | 'secret' | 'resident' | 'page' | 'socket'

export type GatekeeperOptions = {
  kernel: Kernel
  /** Names under which this node may be called, besides the address it listens on and the machine's own. */
  hosts: readonly string[]
  host: string
  clock: Clock
  /** Everybody who comes by the port comes over HTTPS: a proxy in front of it sees to that. */
  isBehindTls: boolean
  sessions: Pick<PageSessions, 'isEnded'>
  /** By default one in memory, under which only what was signed since the start counts. */
  replay?: ReplayPort | undefined
}

export type Admitted = {
  /** The identity in use, proved by a signature, or by standing at the socket. */
  readonly isOwner: boolean
  /** What the body has to hash to. */
  readonly digests: readonly ContentDigest[]
  /** Of the key that signed. */
  readonly keyid?: string
  /** Throws where it would not be admitted any more: what takes its time asks now and then. */
  check(): Promise<void>
}

export type Where = {
  readonly isAtSocket: boolean
  /** Whether the route takes a body that the signature leaves out, from where nobody can change it (decision 17). */
  readonly bodyMayBeUnbound: boolean
}

export type Gatekeeper = {
  /** `refused.host` for a name that is not this node's: a page that rebinds its DNS name to this address gets no further. */
  checkHost(headers: IncomingMessage['headers']): void
  /** `Unproved` for a request that is not signed, or whose signature proves nothing. */
  admit(request: IncomingMessage, access: Access, where: Where): Promise<Admitted>
  /** A pseudonym of where a request came from, another one after each start. */
  sourceOf(request: IncomingMessage): string
}

/** A request whose signature proves nothing: 401, whatever the fault's own kind. */
export class Unproved extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.message, { cause: fault })
    this.fault = fault
  }
}

const forged = ['refused.signature', 'refused.replay', 'refused.session', 'refused.digest']

export function createGatekeeper({
  kernel,
  hosts,
  host,
  clock,
  isBehindTls,
  sessions,
  replay,
}: GatekeeperOptions): Gatekeeper {
  const isAnyAddress = host === '0.0.0.0' || host === '::'
  const names = new Set([host, 'localhost', '127.0.0.1', '::1', ...hosts].map((name) => name.toLowerCase()))
  const salt = randomBytes(16)
  const sourceOf = ({ socket }: IncomingMessage): string =>
    `http:${toHex(hashBlake3(Buffer.concat([salt, fromUtf8(socket.remoteAddress ?? 'socket')])).subarray(0, 8))}`
  const verify = createVerifier({ kernel, clock, replay, sourceOf })

  return {
    sourceOf,
    checkHost(headers) {
      const name = hostNameOf(headers.host ?? '')
      if (name !== undefined && (names.has(name) || (isAnyAddress && isIP(name) !== 0))) return
      throw new Fault(
        'refused.host',
        'This node is not called by that name. Use the address that it listens on.',
      )
    },
    async admit(request, access, { isAtSocket, bodyMayBeUnbound }) {
      if (isAtSocket) return { ...anybody, isOwner: true }
      if (access === 'open') return anybody
      if (access === 'page') {
        checkPage(request, isBehindTls)
        return anybody
      }
      if (access === 'socket')
        throw new Fault(
          'refused.door',
          "Only this machine's user may do this, at the socket in the home folder.",
        )
      if (access === 'secret') checkPage(request, isBehindTls)
      const isSigned = request.headers['signature-input'] !== undefined
      const { state, current } = await kernel.operations.account.status()
      if (access === 'optional' && (!isSigned || state !== 'open')) return anybody
      if (!isSigned) throw new Unproved(unsigned())
      if (current === undefined) throw locked()
      const isUnbound = bodyMayBeUnbound && isUnchanged(request, isBehindTls)
      const { did, digests, keyid } = verify(request, isUnbound)
      const check = async (): Promise<void> => {
        const { current: now } = await kernel.operations.account.status()
        if (now === undefined) throw locked()
        if (sessions.isEnded(keyid)) throw new Unproved(ended())
        await checkIdentity(kernel, did)
        if (access !== 'resident') checkInUse(did, now.did)
      }
      await check()
      return { isOwner: true, digests, keyid, check }
    },
  }
}

const anybody: Admitted = { isOwner: false, digests: [], check: async () => {} }

type VerifierOptions = Pick<GatekeeperOptions, 'kernel' | 'clock' | 'replay'> & {
  sourceOf: Gatekeeper['sourceOf']
}

/** Whose signature a request carries; the guardian hears of forged ones. */
function createVerifier({
  kernel,
  clock,
  replay,
  sourceOf,
}: VerifierOptions): (request: IncomingMessage, isUnbound: boolean) => VerifiedRequest {
  const sessions = createSessionCache()
  const memory = replay ?? createReplayMemory({ clock })
  // What was seen before a restart is forgotten, so what was signed before it does not count.
  const sinceMs = replay === undefined ? Math.floor(clock.nowMs() / 1000) * 1000 : 0

  return (request, isUnbound) => {
    const bound = isUnbound && request.headers['content-digest'] === undefined ? 'unbound' : 'later'
    const incoming = {
      method: request.method ?? 'GET',
      targetUri: `http://${request.headers.host}${request.url}`,
      headers: request.headers,
      ...(hasBody(request.headers) ? { body: bound as typeof bound } : {}),
    }
    const verified = verifyRequest(incoming, (did) => kernel.publicIdentity(did)?.verifyKey, {
      clock,
      replay: memory,
      sessions,
    })
    if (verified.ok) {
      if (verified.value.createdMs >= sinceMs) return verified.value
      throw new Unproved(
        new Fault('refused.expired', 'This request was signed before this node was started. Sign it anew.'),
      )
    }
    const { fault } = verified
    if (forged.includes(fault.code))
      kernel.guardian.observe(sourceOf(request), { kind: 'signature', action: 'http', code: fault.code })
    throw fault.code === 'refused.unknown' || fault.code.startsWith('limit.') ? fault : new Unproved(fault)
  }
}

/** A passphrase may not cross a network in clear, and no other page may make this node's pages act. */
function checkPage(request: IncomingMessage, isBehindTls: boolean): void {
  const { headers } = request
  if (!isUnchanged(request, isBehindTls))
    throw new Fault(
      'refused.insecure',
      'This node takes passphrases only on its own machine, or over HTTPS. Open it there, or ask to be let in by a browser that is in.',
    )
  const { origin, 'sec-fetch-site': site } = headers
  const isOwn = origin === undefined || URL.parse(origin)?.host === headers.host?.toLowerCase()
  if (isOwn && (site === undefined || site === 'same-origin' || site === 'none')) return
  throw new Fault('refused.origin', "Another site's page asked for this. Use the node's own page.")
}

/** Whether nobody on the way can read or change what comes: it does not leave this machine, or TLS guards it. */
function isUnchanged({ socket }: IncomingMessage, isBehindTls: boolean): boolean {
  return isBehindTls || isLoopback(socket.remoteAddress ?? '')
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** Of this home, and active. */
async function checkIdentity(kernel: Kernel, did: string): Promise<void> {
  const own = await kernel.operations.identities.list()
  if (!own.some((one) => one.did === did && one.status === 'active')) {
    throw new Fault(
      'refused.identity',
      'This request is signed by an identity that does not live on this node, or may not act any more.',
    )
  }
}

/** A node acts for one identity at a time. */
function checkInUse(did: string, current: string): void {
  if (did === current) return
  throw new Fault(
    'conflict.identity',
    `This request is signed by ${did}, and another identity is in use. Put it in use first: anarq id use NAME`,
  )
}

function locked(): Fault {
  return new Fault('refused.locked', 'This node is locked. Unlock it on its own machine: anarq ls')
}

function ended(): Fault {
  return new Fault('refused.session', 'This session was ended. Unlock again to begin another.')
}

function unsigned(): Fault {
  return new Fault(
    'refused.unsigned',
    'This request is not signed. Sign it with the identity in use (RFC 9421), or use the socket in the home folder.',
  )
}

/** The name in a Host header, without port and brackets, in lower case. */
function hostNameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/?#@\s]+))(?::\d{1,5})?$/i.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}
