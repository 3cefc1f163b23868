import { toHex } from '@anarq/bytes'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import type { Fault } from '@anarq/fault'
import { type Cid, digestOf } from '@anarq/ipld'
import {
  type Change,
  type CommitInfo,
  createMemoryHeads,
  type Heads,
  type IndexOptions,
  type IndexRecord,
  openIndex,
  type QIndex,
} from '@anarq/qindex'
import { fileChange, testDevice, testId, testKeys, testSigner } from '@anarq/qindex/testing'
import { type Blocks, createMemoryBlocks } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'

/** One device with an index: its stores, its clock, and what opening told. */
export type Replica = {
  readonly index: QIndex
  readonly blocks: Blocks
  readonly heads: Heads
  readonly clock: ManualClock
  readonly faults: Fault[]
}

let seed = 0

/** Two replicas of one `identity` that share `blocks` are two devices whose blocks have been exchanged. */
export async function openReplica(
  options: Partial<IndexOptions> & { identity?: string; name?: string; clock?: ManualClock } = {},
): Promise<Replica> {
  const { identity = 'me', name = 'a', clock = createManualClock() } = options
  const { blocks = createMemoryBlocks(), heads = createMemoryHeads() } = options
  const faults: Fault[] = []
  seed += 1
  const index = await openIndex({
    keys: testKeys(identity),
    signer: testSigner(identity),
    random: createSeededRandom(seed),
    device: testDevice(name),
    onFault: (fault) => faults.push(fault),
    ...options,
    blocks,
    heads,
    clock,
  })
  return { index, blocks, heads, clock, faults }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export function headOf({ index }: Replica): CommitInfo {
  const head = index.head()
  if (head === undefined) throw new Error('this replica has committed nothing yet')
  return head
}

export function rootOf(replica: Replica): string {
  return toHex(headOf(replica).root ?? new Uint8Array())
}

/** Merges both ways until both stand at one head, as two devices that meet do. */
export async function meet(a: Replica, b: Replica): Promise<void> {
  if (b.index.head() !== undefined) await a.index.merge(headOf(b).cid)
  await b.index.merge(headOf(a).cid)
}

export function files(count: number, from: number = 0): Change[] {
  return Array.from({ length: count }, (_, i) => fileChange(`file ${from + i}.txt`, { id: testId(from + i) }))
}

/** The fields of a record as plain values. */
export function valuesOf(record: IndexRecord | undefined): Record<string, unknown> {
  return Object.fromEntries([...(record?.fields ?? [])].map(([name, { value }]) => [name, value]))
}

/** Blocks that can lose, change or refuse: each CID once told is treated so from then on. */
export type FaultyBlocks = Blocks & {
  lose(cid: Cid): void
  /** Calls of `put` or `flush` from now on throw this. */
  refuse(what: 'put' | 'flush', fault: Fault | undefined): void
  readonly puts: Cid[]
}

export function createFaultyBlocks(inner: Blocks = createMemoryBlocks()): FaultyBlocks {
  const lost = new Set<string>()
  const refusals = new Map<string, Fault>()
  const puts: Cid[] = []
  const check = (what: string) => {
    const fault = refusals.get(what)
    if (fault !== undefined) throw fault
  }
  return {
    ...inner,
    puts,
    lose: (cid) => lost.add(toHex(digestOf(cid))),
    refuse(what, fault) {
      if (fault === undefined) refusals.delete(what)
      else refusals.set(what, fault)
    },
    async put(blocks, blockClass) {
      check('put')
      puts.push(...blocks.map(({ cid }) => cid))
      await inner.put(blocks, blockClass)
    },
    has: async (cid) => !lost.has(toHex(digestOf(cid))) && (await inner.has(cid)),
    async get(cid) {
      return lost.has(toHex(digestOf(cid))) ? undefined : inner.get(cid)
    },
    async flush() {
      check('flush')
      await inner.flush()
    },
  }
}
