import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { deliver } from '@anarq/flows'
import type { Flow } from '@anarq/qerberos'
import type { FileVersion } from '@anarq/qindex'
import {
  asObjectId,
  type Inner,
  openEnvelope,
  parseEnvelope,
  type ReleaseBinding,
  unwrapForReader,
  wrapForReader,
} from '@anarq/qnt'
import type { OpenIdentity } from '@anarq/squid'
import { lockKeyOf } from '../drive/read.ts'
import type { Found } from '../drive/resolve.ts'
import { etagOf, type OpenVersion, openVersion, versionsOf } from '../drive/versions.ts'
import type { Content, EntryFacts, OpenSharedOptions } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { SpaceEntry } from '../space.ts'
import { type Asked, ask } from './asking.ts'
import type { SharingContext } from './context.ts'
import type { KeptGrant } from './grant-book.ts'

/** The content of one file that somebody shared. */
export async function openPing(
  context: SharingContext,
  bytes: Uint8Array,
  { purpose, lock, signal }: OpenSharedOptions,
): Promise<Content> {
  const asked = await ask(context, bytes, { action: '/qnt/read', purpose, check: mustBeFile })
  const { owner, found, authorised } = asked
  const { flow } = authorised
  try {
    const released = await release(context, asked, {
      found,
      flow,
      keep: (entry) => owner.space.record([entry]),
    })
    const lockKey = await lockKeyOf(released.inner, lock, released.inner.metadata.name)
    await noteOpening(context, openingOf(asked), {})
    const entry = fileFacts(owner.space.did, found.id, { ...released, path: released.inner.metadata.name })
    return contentOf(context, released, { entry, flow, lockKey, signal })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

export type Released = { readonly version: Pick<FileVersion, 'cid'>; readonly inner: Inner }

export type Releasing = {
  readonly found: Found
  readonly flow: Flow
  /** Takes the owner's line for the audit log: durable when it resolves, or with the lines that follow. */
  keep(entry: SpaceEntry): Promise<void> | void
}

/** The owner's side releases one slot, for this reader, this object and this version; the reader's side opens with it. */
export async function release(
  { office, ports }: Pick<SharingContext, 'office' | 'ports'>,
  asked: Asked,
  releasing: Releasing,
): Promise<Released> {
  const handed = await handOver(ports, asked, releasing)
  return { version: handed.version, inner: takeOver(office.space.identity, handed) }
}

/** What the owner's node gives away: the sealed envelope, and its key for one reader. */
export type Handed = {
  readonly id: Uint8Array
  readonly version: Pick<FileVersion, 'cid'>
  readonly envelope: Uint8Array
  readonly slot: Uint8Array
}

export async function handOver(ports: KernelPorts, asked: Asked, releasing: Releasing): Promise<Handed> {
  const { version, held, binding } = await takeOut(ports, asked, releasing)
  const slot = wrapForReader(held.contentKey, asked.reader.kemPublicKey, binding, ports.random)
  return { id: releasing.found.id, version, envelope: held.bytes, slot }
}

type TakenOut = {
  readonly version: FileVersion
  readonly held: OpenVersion
  readonly binding: ReleaseBinding
}

/** What is about to be released, with the owner's line about it. */
export async function takeOut(
  ports: KernelPorts,
  { owner, reader, grant }: Asked,
  { found, flow, keep }: Releasing,
): Promise<TakenOut> {
  const version = (await versionsOf(owner.space, found.id))[0]
  if (version === undefined)
    throw new Fault('missing.version', 'What this ping file names has no content any more. Ask its owner.')
  const held = await openVersion(owner.space, ports, version.cid, found.name)
  await keep({
    action: 'object.release',
    object: toHex(found.id),
    verdict: 'ok',
    flow: flow.id,
    details: { reader: reader.did, grant: grant.delegation.cid.toString() },
  })
  return { version, held, binding: { id: asObjectId(found.id), envelope: version.cid } }
}

/** The reader's side has the envelope, the slot, and nothing else. */
export function takeOver({ kem }: OpenIdentity, handed: Handed): Inner {
  return takeOverBy((slot, binding) => unwrapForReader(kem, slot, binding), handed)
}

/** The same with whatever opens the slot. */
export function takeOverBy(
  unwrap: (slot: Uint8Array, binding: ReleaseBinding) => Uint8Array | undefined,
  { id, version, envelope, slot }: Handed,
): Inner {
  const contentKey = unwrap(slot, { id: asObjectId(id), envelope: version.cid })
  if (contentKey === undefined)
    throw new Fault('refused.key', 'The owner released a key that is not for this identity.')
  return openEnvelope(parseEnvelope(envelope), contentKey)
}

/** What the reader knows of an opening, wherever the owner's node is. */
export type Opening = {
  readonly owner: string
  readonly object: Uint8Array
  readonly flow: string
  readonly grant: Omit<KeptGrant, 'uses' | 'direction' | 'issuedMs'>
}

export function openingOf({ owner, found, authorised, grant }: Asked): Opening {
  return { owner: owner.space.did, object: found.id, flow: authorised.flow.id, grant }
}

/** What the reader keeps of it: the grant among those received, and a line in their own audit log. */
export async function noteOpening(
  { office, ports }: Pick<SharingContext, 'office' | 'ports'>,
  { owner, object, flow, grant: { delegation, object: named, name, where = [] } }: Opening,
  details: SpaceEntry['details'],
): Promise<void> {
  const known = office.book.list().find((one) => one.delegation.cid.equals(delegation.cid))
  const isNews = known === undefined || (known.direction === 'in' && known.where?.join() !== where.join())
  const issuedMs = known?.issuedMs ?? ports.clock.nowMs()
  if (isNews && (known === undefined || where.length > 0))
    await office.book.add({ delegation, object: named, name, direction: 'in', issuedMs, where })
  await office.space.record([
    { action: 'object.open', object: toHex(object), verdict: 'ok', flow, details: { owner, ...details } },
  ])
}

export function fileFacts(
  owner: string,
  id: Uint8Array,
  { inner: { metadata, body }, path }: Released & { readonly path: string },
): EntryFacts & { readonly kind: 'file' } {
  return {
    id: toHex(id),
    kind: 'file',
    name: path.slice(path.lastIndexOf('/') + 1),
    path,
    type: metadata.type,
    bytes: body.plainBytes,
    modifiedMs: metadata.modifiedMs,
    tags: [],
    versions: 1,
    isTrashed: false,
    owner,
    ...(metadata.lock === undefined ? {} : { isLocked: true as const }),
    ...(metadata.mode === undefined ? {} : { mode: metadata.mode }),
  }
}

type Delivery = {
  readonly entry: EntryFacts
  readonly flow: Flow
  readonly lockKey: Uint8Array | undefined
  readonly signal: AbortSignal | undefined
}

export function contentOf(
  { ports: { blocks, sealer } }: { readonly ports: Pick<KernelPorts, 'blocks' | 'sealer'> },
  { version, inner: { body } }: Released,
  { entry, flow, lockKey, signal }: Delivery,
): Content {
  return {
    entry,
    bytes: body.plainBytes,
    type: entry.type,
    etag: etagOf(version),
    stream: deliver({ blocks, sealer, body, flow, name: entry.name, lockKey, signal }),
  }
}

export function mustBeFile({ kind, name }: Found): void {
  if (kind === 'folder')
    throw new Fault(
      'invalid.kind',
      `${name} is a folder. Open it with -o FOLDER, or one thing of it with --only PATH.`,
    )
}
