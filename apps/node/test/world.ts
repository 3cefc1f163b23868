import { concatBytes, fromUtf8, toUtf8 } from '@anarq/bytes'
import { createCedar } from '@anarq/cedar'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import type { Fault } from '@anarq/fault'
import { type PutFile, type PutItem, smallBytesMax, streamContent } from '@anarq/flows'
import {
  type Content,
  createKernel,
  type IdentityFacts,
  type Kernel,
  type KernelPorts,
  type Operations,
} from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { createSeededRandom } from '@anarq/random/testing'

export const someDay: number = Date.UTC(2027, 2, 1, 12)
export const passphrase = 'correct horse battery staple'

/** One home in memory, with its clock, its first identity, and how often its index and its store were asked. */
export type World = {
  readonly clock: ManualClock
  readonly ports: KernelPorts
  readonly kernel: Kernel
  readonly operations: Operations
  readonly words: string
  readonly did: string
  readonly faults: Fault[]
  /** By `view.entry`, `blocks.get`, …; clear it, act, read it. */
  readonly asked: Map<string, number>
  /** Another kernel over the same ports, as after a restart; locked. */
  reopen(): Promise<Kernel>
  /** Acts as one identity of the home, then goes back to the first. */
  as<T>(name: string, act: () => Promise<T>): Promise<T>
}

export type WorldOptions = { name?: string; seed?: number; ports?: (ports: KernelPorts) => KernelPorts }

/** A home in memory with one root identity. Argon2 makes it cost a fifth of a second. */
export async function createWorld({
  name = 'alice',
  seed = 1,
  ports: change = (ports) => ports,
}: WorldOptions = {}): Promise<World> {
  const clock = createManualClock(someDay)
  const faults: Fault[] = []
  const asked = new Map<string, number>()
  const count = (call: string): void => {
    asked.set(call, (asked.get(call) ?? 0) + 1)
  }
  const random = createSeededRandom(seed)
  const memory = createMemoryPorts({
    clock,
    random,
    createPolicies: createCedar,
    onFault: (fault) => faults.push(fault),
  })
  const ports = change({
    ...memory,
    blocks: counted(memory.blocks, 'blocks', count),
    heads: counted(memory.heads, 'heads', count),
    createView: () => counted(memory.createView(), 'view', count),
  })
  const kernel = await createKernel({ ports, version: '0.0.0' })
  const { operations } = kernel
  const { words, did } = await operations.account.init({ name, passphrase })
  return {
    clock,
    ports,
    kernel,
    operations,
    words,
    did,
    faults,
    asked,
    reopen: () => createKernel({ ports, version: '0.0.0' }),
    async as(who, act) {
      await operations.identities.use(who)
      try {
        return await act()
      } finally {
        await operations.identities.use(did)
      }
    },
  }
}

/** The same thing, with every call of it told first. */
function counted<T extends object>(thing: T, name: string, onCall: (call: string) => void): T {
  const told = Object.entries(thing).map(([key, member]) => {
    if (typeof member !== 'function') return [key, member]
    const call = (...args: unknown[]): unknown => {
      onCall(`${name}.${key}`)
      return member(...args)
    }
    return [key, call]
  })
  return Object.fromEntries(told) as T
}

export function addIdentity(
  { operations }: World,
  name: string,
  kind: 'sub' | 'anonymous' | 'organisation' = 'sub',
): Promise<IdentityFacts> {
  return operations.identities.create({ kind, name })
}

export type FileFacts = { modifiedMs?: number; mode?: number; type?: string }

/** A file of the outside; what is larger than a small one comes as a stream in uneven pieces. */
export function fileItem(
  path: string,
  content: Uint8Array | string,
  { modifiedMs = someDay - 1000, mode = 0o644, ...rest }: FileFacts = {},
): PutFile {
  const bytes = typeof content === 'string' ? fromUtf8(content) : content
  return {
    kind: 'file',
    path,
    bytes: bytes.length,
    modifiedMs,
    mode,
    ...rest,
    content:
      bytes.length <= smallBytesMax ? { kind: 'small', readAll: () => bytes } : streamContent(pieces(bytes)),
  }
}

const pieceBytes = 300_007

async function* pieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

export async function* itemsOf(...items: readonly PutItem[]): AsyncIterable<readonly PutItem[]> {
  yield items
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return concatBytes(...parts)
}

export async function textOf({ stream }: Content): Promise<string> {
  return toUtf8(await bytesOf(stream))
}

/** Puts one file and gives its facts. */
export async function putFile(
  { operations }: Pick<World, 'operations'>,
  path: string,
  content: Uint8Array | string,
  facts?: FileFacts,
): Promise<string> {
  const report = await operations.drive.put(itemsOf(fileItem(path, content, facts)))
  if (report.skipped[0] !== undefined) throw new Error(report.skipped[0].sentence)
  return (await operations.drive.entry(`/${path}`)).id
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed = 1): Uint8Array {
  return createSeededRandom(seed).bytes(length)
}
