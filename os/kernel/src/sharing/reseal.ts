import { Fault } from '@anarq/fault'
import { type Cid, cidKey, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import {
  type Change,
  type FieldValue,
  type FileVersion,
  type VersionValue,
  versionField,
} from '@anarq/qindex'
import { openChunk, sealChunk } from '@anarq/qlock'
import {
  asObjectId,
  type Block,
  type BodyRef,
  blocksOf,
  type ChunkRef,
  createListBuilder,
  type Inner,
  readChunks,
  type SealedEnvelope,
  sealEnvelope,
} from '@anarq/qnt'
import type { Found } from '../drive/resolve.ts'
import { openVersion, versionsOf } from '../drive/versions.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'

export type ResealOptions = {
  onBytes(bytes: number): void
  signal: AbortSignal | undefined
}

export type Resealed = {
  readonly versions: number
  /** Of different content: what versions share counts once. */
  readonly bytes: number
  /** Every block that the versions stood on before, by `cidKey`. */
  readonly old: ReadonlyMap<string, Cid>
}

/** So many chunks are in memory at once. */
const chunksAtOnce = 4

/**
 * All versions of a file under a new content key each and new chunk keys, from a chunk secret of the file's own. What
 * is sealed stays as it was, frame by frame: no second lock is opened. New blocks come first, then one commit that
 * names them in place of the old ones; until then nothing has changed.
 */
export async function resealFile(
  office: Office,
  ports: KernelPorts,
  found: Found,
  options: ResealOptions,
): Promise<Resealed> {
  const { space, sweeper } = office
  const renewed = space.chunkSecrets.renew(found.id, ports.random)
  const chunks = new Map<string, Promise<ChunkRef>>()
  const chunkSecret = renewed.secret
  const resealing = createResealing({ ...options, space, ports, found, chunkSecret, chunks })
  let isCommitted = false
  try {
    // Puts that began before the new secret was there still seal under the old one.
    await sweeper.settled(options.signal)
    await sweeper.during(async () => {
      // A version that came meanwhile and stands on the old blocks is taken in as well.
      for (let next = await resealing.next(); next !== undefined; next = await resealing.next()) {
        options.signal?.throwIfAborted()
        await space.index.commit([next.change, renewed.change], { batch: next.batch })
        isCommitted = true
      }
    })
  } finally {
    if (!isCommitted) renewed.undo()
  }
  await space.refresh()
  return resealing.done()
}

type ResealContext = ResealOptions & {
  space: Space
  ports: KernelPorts
  found: Found
  chunkSecret: Uint8Array
  /** What became of each old chunk, by the digest of its block: versions share most of theirs. */
  chunks: Map<string, Promise<ChunkRef>>
}

function createResealing(context: ResealContext) {
  const { space, ports, found } = context
  const old = new Map<string, Cid>()
  const oldRoots = new Set<string>()
  const newBodies = new Map<string, BodyRef>()
  let versions = 0

  const bodyOf = async ({ body }: Inner): Promise<BodyRef> => {
    const root = cidKey(digestOf(body.cid))
    const resealed = newBodies.get(root) ?? (await resealBody(body, context))
    newBodies.set(root, resealed)
    return resealed
  }
  /** New envelopes, and the change that puts each in the place of its old one. */
  const replace = async (all: readonly FileVersion[]): Promise<{ change: Change; batch: Uint8Array[] }> => {
    const set: Record<string, FieldValue> = {}
    const batch: Uint8Array[] = []
    const renamed = new Map<string, Cid>()
    for (const version of all.toReversed()) {
      const { inner } = await openVersion(space, ports, version.cid, found.name)
      old.set(cidKey(digestOf(version.cid)), version.cid)
      for await (const cid of blocksOf(ports.blocks, inner)) old.set(cidKey(digestOf(cid)), cid)
      const body = await bodyOf(inner)
      const previous = inner.previous && (renamed.get(cidKey(digestOf(inner.previous))) ?? inner.previous)
      const envelope = sealAgain({ ...inner, body }, previous, context)
      await ports.blocks.put([envelope], 'meta')
      renamed.set(cidKey(digestOf(version.cid)), envelope.cid)
      batch.push(digestOf(envelope.cid))
      set[versionField(version.sequence, version.cid)] = null
      set[versionField(version.sequence, envelope.cid)] = versionValue(version, envelope.cid, body)
    }
    versions += all.length
    return { change: { id: found.id, kind: found.kind, set }, batch }
  }

  return {
    /** All versions first, then those that stand on old blocks still; undefined where there are none. */
    async next(): Promise<{ change: Change; batch: Uint8Array[] } | undefined> {
      const isFirst = oldRoots.size === 0
      const all = await versionsOf(space, found.id)
      const due = all.filter(({ root }) => isFirst || oldRoots.has(cidKey(root)))
      for (const { root } of due) oldRoots.add(cidKey(root))
      return due.length === 0 ? undefined : replace(due)
    },
    async done(): Promise<Resealed> {
      const refs = await Promise.all(context.chunks.values())
      return { versions, bytes: refs.reduce((sum, { plainBytes }) => sum + plainBytes, 0), old }
    },
  }
}

async function resealBody(before: BodyRef, context: ResealContext): Promise<BodyRef> {
  const { chunkSecret, chunks, ports, signal } = context
  const lists: Block[] = []
  const list = createListBuilder({ chunkSecret, emit: (block) => lists.push(block) })
  let waiting: ChunkRef[] = []
  const seal = async (): Promise<void> => {
    const resealed = waiting.map((ref) => {
      const key = cidKey(ref.digest)
      const chunk = chunks.get(key) ?? resealChunk(ref, context)
      chunks.set(key, chunk)
      return chunk
    })
    waiting = []
    for (const ref of await Promise.all(resealed)) list.add(ref)
  }
  for await (const ref of chunksOf(before, context)) {
    signal?.throwIfAborted()
    waiting.push(ref)
    if (waiting.length === chunksAtOnce) await seal()
  }
  await seal()
  const body = list.finish()
  await ports.blocks.put(lists, 'meta')
  return body
}

async function* chunksOf(body: BodyRef, { ports, signal }: ResealContext): AsyncIterable<ChunkRef> {
  const { cid, key, depth, chunks, plainBytes, storedBytes } = body
  if (depth === 0) {
    // Content of one chunk, an empty one too, or of none at all.
    if (chunks === 1) yield { digest: digestOf(cid), key, plainBytes, storedBytes }
    return
  }
  for await (const { ref } of readChunks(ports.blocks, body, signal === undefined ? {} : { signal }))
    yield ref
}

async function resealChunk(
  ref: ChunkRef,
  { ports, found: { name }, chunkSecret, onBytes }: ResealContext,
): Promise<ChunkRef> {
  const block = await ports.blocks.get(cidOfDigest(rawCodec, ref.digest))
  if (block === undefined)
    throw new Fault(
      'damaged.missing',
      `A part of ${name} is not in the store. Get it back from a backup or another device.`,
    )
  const frame = openChunk(ref.key, block)
  if (frame === undefined)
    throw new Fault('damaged.chunk', `A part of ${name} is damaged: it does not open under its key.`)
  const sealed = sealChunk(chunkSecret, frame)
  await ports.blocks.putSealed([{ codec: rawCodec, digest: sealed.digest, parts: [sealed.block] }], 'data')
  onBytes(ref.plainBytes)
  return {
    digest: sealed.digest,
    key: sealed.key,
    plainBytes: ref.plainBytes,
    storedBytes: sealed.block.length,
  }
}

/** The same version under a fresh content key. */
function sealAgain(
  { sequence, body, metadata, terms }: Inner,
  previous: Cid | undefined,
  { space: { identity, did }, ports: { random }, found: { id } }: ResealContext,
): SealedEnvelope {
  return sealEnvelope({
    id: asObjectId(id),
    objectClass: 'private',
    owner: did,
    sequence,
    ...(previous === undefined ? {} : { previous }),
    body,
    metadata,
    ...(terms === undefined ? {} : { terms }),
    own: { kek: identity.secrets.kek, epoch: identity.record.epoch },
    random,
  })
}

function versionValue(version: FileVersion, cid: Cid, body: BodyRef): VersionValue {
  const { bytes, modifiedMs, savedMs, type } = version
  return { cid, bytes, storedBytes: body.storedBytes, modifiedMs, savedMs, type, root: digestOf(body.cid) }
}
