/** A whole node in memory with its doors open, and what asks it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCedar } from '@anarq/cedar'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { type Fault, unwrap } from '@anarq/fault'
import { openSeenTarget, readSeen } from '@anarq/files'
import type { PutItem } from '@anarq/flows'
import { type HttpDoor, openHttpDoor, socketOf } from '@anarq/http'
import { type Reached, reachNode } from '@anarq/http/client'
import { createKernel, type Kernel, type Operations } from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { systemRandom as random } from '@anarq/random'
import {
  contentDigestOf,
  createDevice,
  createSession,
  identityKey,
  type OpenIdentity,
  type RequestKey,
  recoverKeyring,
  sessionKey,
  signRequest,
} from '@anarq/squid'
import { createWebdav } from '@anarq/webdav'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }
export type Asked = { headers?: Record<string, string>; body?: Uint8Array | string }

export type World = {
  readonly home: string
  readonly clock: ManualClock
  readonly kernel: Kernel
  readonly ports: ReturnType<typeof createMemoryPorts>
  readonly door: HttpDoor
  /** The node's operations through its socket. */
  readonly node: Operations
  readonly alice: OpenIdentity
  readonly faults: Fault[]
  /** At the port, without a signature. */
  ask(method: string, path: string, asked?: Asked): Promise<Answer>
  /** At the port, signed by whoever the key is of. */
  signed(method: string, path: string, asked?: Asked, key?: RequestKey): Promise<Answer>
  /** At the socket. */
  local(method: string, path: string, asked?: Asked): Promise<Answer>
  /** The headers that make a request a signed one. */
  sign(method: string, path: string, asked?: Asked, key?: RequestKey): Record<string, string>
  close(): Promise<void>
}

export const passphrase = 'correct horse battery'

type Apps = NonNullable<Parameters<typeof openHttpDoor>[0]['apps']>

/** A node whose home nobody took into use yet. */
export type EmptyWorld = Omit<World, 'alice' | 'signed' | 'sign'>

export async function openEmptyWorld(apps?: Apps): Promise<EmptyWorld> {
  const home = await mkdtemp(join(tmpdir(), 'anarq-'))
  const clock = createManualClock(Date.UTC(2026, 5, 1))
  const faults: Fault[] = []
  const ports = createMemoryPorts({ clock, random, createPolicies: createCedar })
  const kernel = await createKernel({ ports, version: '1.2.3' })
  const door = await openHttpDoor({
    kernel,
    blocks: ports.blocks,
    stats: async () => ({ blocks: 3, liveBytes: 300, fileBytes: 400, damaged: 0 }),
    port: 0,
    socket: socketOf(home),
    disk: { read: readSeen, target: openSeenTarget },
    hosts: ['node.example'],
    mounts: [
      createWebdav({
        access: (secret, source) => kernel.toolAccess('webdav', secret, source),
        clock,
        quota: async () => ({ usedBytes: 400, availableBytes: 5000 }),
        onFault: (fault) => faults.push(fault),
      }),
    ],
    clock,
    ...(apps === undefined ? {} : { apps }),
    onFault: (fault) => faults.push(fault),
  })
  const reached = (await reachNode(home)) as Reached
  return {
    home,
    clock,
    kernel,
    ports,
    door,
    node: reached.operations,
    faults,
    ask: (method, path, asked) => send(door.address, method, path, asked),
    local: (method, path, asked) => send(socketOf(home), method, path, asked),
    async close() {
      await reached.close()
      await door.close()
      await kernel.close()
      await rm(home, { recursive: true, force: true })
    },
  }
}

export async function openWorld(apps?: Apps): Promise<World> {
  const empty = await openEmptyWorld(apps)
  const { clock, door, node, ask } = empty
  const { words, did } = await node.account.init({ name: 'alice', passphrase })
  const keyring = unwrap(recoverKeyring(words, { device: createDevice('a phone', random), clock, random }))
  const alice = keyring.open(did)
  const sign: World['sign'] = (method, path, { headers = {}, body } = {}, key = identityKey(alice)) =>
    signRequest(
      {
        method,
        targetUri: `${door.address}${path}`,
        headers,
        ...(body === undefined ? {} : { bodyDigest: contentDigestOf(Buffer.from(body)) }),
      },
      key,
      { clock, random },
    )
  return {
    ...empty,
    alice,
    sign,
    signed: (method, path, asked = {}, key) =>
      ask(method, path, { ...asked, headers: { ...asked.headers, ...sign(method, path, asked, key) } }),
    async close() {
      await empty.close()
      alice.dispose()
      keyring.dispose()
    },
  }
}

export function sessionOf(identity: OpenIdentity, clock: ManualClock): RequestKey {
  return sessionKey(createSession(identity, { clock, random }))
}

/** One request, to an address or to a socket. The path goes out as it is. */
export function send(
  where: string,
  method: string,
  path: string,
  { headers = {}, body }: Asked = {},
): Promise<Answer> {
  const to = where.startsWith('http:')
    ? { host: new URL(where).hostname, port: new URL(where).port }
    : { socketPath: where }
  const isCounted = body !== undefined && headers['transfer-encoding'] === undefined
  const length = isCounted ? { 'content-length': String(Buffer.byteLength(body)) } : {}
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...to, method, path, agent: false, headers: { ...length, ...headers } })
    request.on('error', reject)
    request.on('response', (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
      )
    })
    request.end(body)
  })
}

export function jsonOf({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body.toString('utf8')) as Record<string, unknown>
}

export function linesOf({ body }: Answer): Record<string, unknown>[] {
  return body
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export const json = { 'content-type': 'application/json' }

export function file(path: string, content: string | Uint8Array, modifiedMs = 1_700_000_000_123): PutItem {
  const bytes = Buffer.from(content)
  return {
    kind: 'file',
    path,
    bytes: bytes.length,
    modifiedMs,
    mode: 0o644,
    content: { kind: 'small', readAll: () => bytes },
  }
}

export async function* items(...all: readonly PutItem[]): AsyncIterable<readonly PutItem[]> {
  yield all
}

export async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}
