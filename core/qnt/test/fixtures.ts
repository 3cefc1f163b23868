import { fromUtf8 } from '@anarq/bytes'
import { type Cid, cidOfDigest, rawCodec } from '@anarq/ipld'
import { cidOf, createKemKey, createSigner, type KemKey, type Signer, sealChunk } from '@anarq/qlock'
import {
  type Blocks,
  type BodyRef,
  createListBuilder,
  createMemoryBlocks,
  createObjectId,
  type Metadata,
  type Runnable,
  type SealOptions,
  type SlotOpener,
  type Terms,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'

const keys = createSeededRandom(2026)

export const chunkSecret: Uint8Array = keys.bytes(32)
export const kek: Uint8Array = keys.bytes(32)
export const alice = 'did:squid:zQmWvQxTqbG2Z9HPJgG57jjwR154cKhbtJenbyYTWkjgF3e'
export const bob = 'did:peer:4zQmaVLMuWYJbWkNkFvn3YSoTPvXNpEYoJBgTUhLpWJmJhEr'
export const reader: KemKey = createKemKey(keys.bytes(32))
export const otherReader: KemKey = createKemKey(keys.bytes(32))
export const signer: Signer = createSigner(keys.bytes(32))
export const otherSigner: Signer = createSigner(keys.bytes(32))

export const metadata: Metadata = {
  name: 'Grandmother’s soup.md',
  type: 'text/markdown',
  createdMs: Date.UTC(2026, 0, 2),
  modifiedMs: Date.UTC(2026, 1, 3),
  mode: 0o640,
  tags: ['kitchen', 'family'],
  transforms: [{ id: 'delta-le16', version: 1 }],
  extra: { born: 1931, city: 'Málaga' },
}

export const terms: Terms = {
  rights: ['share', 'read'],
  purposes: ['research'],
  audience: [bob],
  compliance: ['gdpr.health'],
  fromMs: 1,
  expiresMs: 2_000_000_000_000,
  usesMax: 10,
  price: { amount: '2500000000000000000', unit: 'QTOKEN' },
  note: 'Name the source.',
}

export const program: Cid = cidOf(rawCodec, fromUtf8('a program'))
export const runnables: readonly Runnable[] = [
  { cid: program, on: 'expire', limits: { memoryBytes: 2 ** 20, durationMs: 50, steps: 1e6 } },
]

/** The owner, in the epoch that objects here are sealed in. */
export const byOwner: SlotOpener = { kek: (epoch) => (epoch === 3 ? kek : undefined) }

/** A small file: its frame is stored as one chunk, which the blocks then hold. */
export async function putSmall(blocks: Blocks, frame: Uint8Array): Promise<BodyRef> {
  const { block, digest, key } = sealChunk(chunkSecret, frame)
  const lists = createListBuilder({ chunkSecret, emit: refuse })
  lists.add({ digest, key, plainBytes: frame.length, storedBytes: block.length })
  await blocks.put([{ cid: cidOfDigest(rawCodec, digest), bytes: block }], 'data')
  return lists.finish()
}

export async function sealOptions(seed: number, changes: Partial<SealOptions> = {}): Promise<SealOptions> {
  const random = createSeededRandom(seed)
  const body = changes.body ?? (await putSmall(createMemoryBlocks(), random.bytes(100)))
  return {
    id: createObjectId(random),
    objectClass: 'private',
    owner: alice,
    sequence: 0,
    body,
    metadata,
    own: { kek, epoch: 3 },
    random,
    ...changes,
  }
}

/** The same for a public object, which has a signer in place of keys. */
export async function publicOptions(seed: number, changes: Partial<SealOptions> = {}): Promise<SealOptions> {
  const { own: _, ...options } = await sealOptions(seed)
  return { ...options, objectClass: 'public', signer, ...changes }
}

export async function* stream(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(source)
}

export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const changed = bytes.slice()
  changed[at] = (changed[at] as number) ^ mask
  return changed
}

function refuse(): never {
  throw new Error('one chunk needs no list')
}
