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
  unwrapForReader,
  wrapForReader,
} from '@anarq/qnt'
import { lockKeyOf } from '../drive/read.ts'
import type { Found } from '../drive/resolve.ts'
import { etagOf, openVersion, versionsOf } from '../drive/versions.ts'
import type { Content, EntryFacts, OpenSharedOptions } from '../operations.ts'
import type { SpaceEntry } from '../space.ts'
import { type Asked, ask } from './asking.ts'
import type { SharingContext } from './context.ts'

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
    await noteOpening(context, asked, {})
    const entry = fileFacts(asked, found, { ...released, path: released.inner.metadata.name })
    return contentOf(context, released, { entry, flow, lockKey, signal })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

export type Released = { readonly version: FileVersion; readonly inner: Inner }

export type Releasing = {
  readonly found: Found
  readonly flow: Flow
  /** Takes the owner's line for the audit log: durable when it resolves, or with the lines that follow. */
  keep(entry: SpaceEntry): Promise<void> | void
}

/** The owner's side releases one slot, for this reader, this object and this version; the reader's side opens with it. */
export async function release(
  { office, ports }: SharingContext,
  { owner, grant }: Asked,
  { found, flow, keep }: Releasing,
): Promise<Released> {
  const version = (await versionsOf(owner.space, found.id))[0]
  if (version === undefined)
    throw new Fault('missing.version', 'What this ping file names has no content any more. Ask its owner.')
  const held = await openVersion(owner.space, ports, version.cid, found.name)
  const binding = { id: asObjectId(found.id), envelope: version.cid }
  const slot = wrapForReader(held.contentKey, office.space.identity.kem.publicKey, binding, ports.random)
  await keep({
    action: 'object.release',
    object: toHex(found.id),
    verdict: 'ok',
    flow: flow.id,
    details: { reader: office.space.did, grant: grant.delegation.cid.toString() },
  })

  // The reader's side has the envelope, the slot, and nothing else.
  const contentKey = unwrapForReader(office.space.identity.kem, slot, binding)
  if (contentKey === undefined)
    throw new Fault('refused.key', 'The owner released a key that is not for this identity.')
  return { version, inner: openEnvelope(parseEnvelope(held.bytes), contentKey) }
}

/** What the reader keeps of it: the grant among those received, and a line in their own audit log. */
export async function noteOpening(
  { office, ports }: SharingContext,
  { owner, found, authorised, grant }: Asked,
  details: SpaceEntry['details'],
): Promise<void> {
  const isKnown = office.book.list().some(({ delegation }) => delegation.cid.equals(grant.delegation.cid))
  if (!isKnown) await office.book.add({ ...grant, direction: 'in', issuedMs: ports.clock.nowMs() })
  await office.space.record([
    {
      action: 'object.open',
      object: toHex(found.id),
      verdict: 'ok',
      flow: authorised.flow.id,
      details: { owner: owner.space.did, ...details },
    },
  ])
}

export function fileFacts(
  { owner }: Asked,
  { id }: Found,
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
    owner: owner.space.did,
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
  { ports: { blocks, sealer } }: SharingContext,
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

function mustBeFile({ kind, name }: Found): void {
  if (kind === 'folder')
    throw new Fault(
      'invalid.kind',
      `${name} is a folder. Open it with -o FOLDER, or one thing of it with --only PATH.`,
    )
}
