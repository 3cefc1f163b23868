import { toHex } from '@anarq/bytes'
import { Fault, type FaultCode, hasCode } from '@anarq/fault'
import { smallBytesMax } from '@anarq/flows'
import type { FlowEnd } from '@anarq/qerberos'
import { checkName } from '@anarq/qindex'
import type { Inner, Releases } from '@anarq/qnt'
import { aboutOf } from '../drive/about.ts'
import { lockKeyOf, unreadable } from '../drive/read.ts'
import { type Found, isShown } from '../drive/resolve.ts'
import type { EntryFacts, OpenSharedOptions, TreeEntry, Within } from '../operations.ts'
import type { TreeItem } from '../peers/tree-messages.ts'
import type { KernelPorts } from '../ports.ts'
import { type Asked, ask } from './asking.ts'
import type { SharingContext } from './context.ts'
import { contentOf, fileFacts, noteOpening, openingOf, release, takeOut } from './opening.ts'

/** So many lines of what was released wait for one write of the audit log. */
const notesMax = 128

/** What lies in a shared folder at this moment, without contents. */
export async function* walkPing(
  context: SharingContext,
  bytes: Uint8Array,
  { only, purpose, signal }: Omit<OpenSharedOptions, 'lock'> & Within,
): AsyncIterable<EntryFacts> {
  const asked = await askWithin(context, bytes, { action: '/qnt/read/facts', only, purpose })
  asked.authorised.flow.end('ok')
  await noteOpening(context, openingOf(asked), { isList: true })
  for await (const shared of sharedEntries(asked)) {
    signal?.throwIfAborted()
    yield factsOf(asked, shared)
  }
}

/** The same with contents: one decision and one use for the whole; each file is judged, released and delivered by itself. */
export async function* readPing(
  context: SharingContext,
  bytes: Uint8Array,
  { only, purpose, lock, signal }: OpenSharedOptions & Within,
): AsyncIterable<TreeEntry> {
  const asked = await askWithin(context, bytes, { action: '/qnt/read', only, purpose })
  const after = asked.authorised.flow.end('ok')
  await noteOpening(context, openingOf(asked), { isTree: true })
  const reading = { context, asked, after, lockKeys: createLockKeys(lock), signal, files: 0 }
  try {
    for await (const shared of sharedEntries(asked)) {
      signal?.throwIfAborted()
      if (shared.found.kind === 'folder') yield { entry: { ...factsOf(asked, shared), kind: 'folder' } }
      else yield* readFile(reading, shared)
    }
  } finally {
    await asked.owner.space.record([])
  }
}

type Reading = {
  readonly context: SharingContext
  readonly asked: AskedWithin
  readonly after: FlowEnd
  readonly lockKeys: (inner: Inner, name: string) => Promise<Uint8Array | undefined>
  readonly signal: AbortSignal | undefined
  files: number
}

async function* readFile(reading: Reading, { found, path }: Shared): AsyncIterable<TreeEntry> {
  const { context, asked, after, lockKeys, signal } = reading
  const { owner, authorised } = asked
  if (found.isDecoy && found !== asked.found) owner.onDecoy(found.id, context.office.space.did, 'open')
  const { subject, object } = authorised.request
  const flow = context.guardian.begin('out', subject, object, { after })
  const open = async () => {
    const released = await release(context, asked, { found, flow, keep: owner.space.note })
    reading.files += 1
    if (reading.files % notesMax === 1) await owner.space.record([])
    const entry = fileFacts(owner.space.did, found.id, { ...released, path })
    const lockKey = await lockKeys(released.inner, found.name)
    return contentOf(context, released, { entry, flow, lockKey, signal })
  }
  try {
    const facts = factsOf(asked, { found, path })
    const content = await open().catch((error: unknown) => unreadable(facts, error))
    yield { entry: { ...content.entry, kind: 'file' }, content }
  } finally {
    flow.end('failed')
  }
}

/**
 * The owner's side alone, for a reader on another node: each thing, and of files the envelope with a key for the reader. The
 * way of the content begins and ends over there: here it is one access that goes on.
 */
export async function* handTree(
  ports: KernelPorts,
  asked: AskedWithin,
  /** Absent: contents are not asked for. */
  releases: Releases | undefined,
): AsyncGenerator<TreeItem> {
  const { owner, reader, authorised } = asked
  const { flow } = authorised
  flow.end('ok')
  try {
    for await (const shared of sharedEntries(asked)) {
      const { found } = shared
      const facts = factsOf(asked, shared)
      if (releases === undefined || found.kind === 'folder') {
        yield { facts }
        continue
      }
      if (found.isDecoy && found !== asked.found) owner.onDecoy(found.id, reader.did, 'open')
      try {
        const releasing = { found, flow, keep: owner.space.note }
        const { version, held, binding } = await takeOut(ports, asked, releasing)
        const slot = releases.wrap(held.contentKey, binding)
        const block = await smallBlock(ports, held.inner)
        const handed = { cid: version.cid.toString(), envelope: held.bytes, slot }
        yield { facts, handed: block === undefined ? handed : { ...handed, block } }
      } catch (fault) {
        // As `unreadable` has it here: one damaged file does not hide the others.
        if (!hasCode(fault, 'damaged')) throw fault
        yield { facts, fault }
      }
    }
  } finally {
    releases?.dispose()
  }
}

/** Where it is damaged, whoever asks for it by its name is told. */
async function smallBlock(
  { blocks }: Pick<KernelPorts, 'blocks'>,
  { body }: Inner,
): Promise<Uint8Array | undefined> {
  const isSmall = body.depth === 0 && body.plainBytes > 0 && body.plainBytes <= smallBytesMax
  return isSmall ? await blocks.get(body.cid).catch(() => undefined) : undefined
}

/** The key of a second lock is slow to derive on purpose: once for each salt is enough. */
export function createLockKeys(lock: string | undefined): Reading['lockKeys'] {
  const keys = new Map<string, Promise<Uint8Array | undefined>>()
  return (inner, name) => {
    const salt = inner.metadata.lock === undefined ? '' : toHex(inner.metadata.lock.salt)
    const key = keys.get(salt) ?? lockKeyOf(inner, lock, name)
    keys.set(salt, key)
    return key
  }
}

export type AskedWithin = Asked & { readonly names: readonly string[] }

async function askWithin(
  context: SharingContext,
  bytes: Uint8Array,
  {
    action,
    only,
    purpose,
  }: { action: '/qnt/read' | '/qnt/read/facts'; purpose: string | undefined } & Within,
): Promise<AskedWithin> {
  const { names, check } = within(only)
  return { ...(await ask(context, bytes, { action, purpose, check })), names }
}

/** What is asked for of a shared folder, and what has to be so for that to make sense. */
export function within(only: string | undefined): Pick<AskedWithin, 'names'> & { check(found: Found): void } {
  const names = only === undefined ? [] : namesOf(only)
  return {
    names,
    check({ kind, name }) {
      if (kind === 'file' && names.length > 0)
        throw new Fault('invalid.kind', `${name} is a file: there is nothing in it. Leave out --only.`)
    },
  }
}

/** The names on a way down. What would lead up, out, or nowhere is refused before anybody is asked. */
function namesOf(only: string): string[] {
  try {
    return only.split('/').map((name) => checkName(name))
  } catch (cause) {
    throw new Fault(
      'invalid.path',
      'This is no path below the shared folder. Say what of it you want, as --list shows it, without the name of the folder itself.',
      { cause },
    )
  }
}

type Shared = {
  readonly found: Found
  /** Begins with the name of the shared folder; what lies above it is nobody's business. */
  readonly path: string
}

/** What the permission gives of the folder, parents first: each thing as the owner's index knows it when its turn comes. */
async function* sharedEntries(asked: AskedWithin): AsyncIterable<Shared> {
  const { view } = asked.owner.space
  const start = await named(asked)
  yield start
  const waiting = childrenOf(start)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const now = view.entry(next.found.id)
    if (now === undefined || !isShown(now) || now.isTrashed || !(await isGiven(asked, now))) continue
    const shared = { found: now, path: next.path }
    yield shared
    for (const child of childrenOf(shared)) waiting.push(child)
  }

  /** The last one first. */
  function childrenOf({ found, path }: Shared): Shared[] {
    if (found.kind === 'file') return []
    const children = view.children(found.id, { limit: Number.MAX_SAFE_INTEGER }).filter(isShown)
    return children.reverse().map((child) => ({ found: child, path: `${path}/${child.name}` }))
  }
}

async function named(asked: AskedWithin): Promise<Shared> {
  let at: Shared = { found: asked.found, path: asked.found.name }
  for (const name of asked.names) {
    const next =
      at.found.kind === 'folder' ? asked.owner.space.view.childByName(at.found.id, name)[0] : undefined
    // What is not given looks like what is not there.
    if (next === undefined || !isShown(next) || next.isTrashed || !(await isGiven(asked, next)))
      throw new Fault(
        'missing.object',
        `There is no ${asked.names.join('/')} in this folder. See what there is with --list.`,
      )
    at = { found: next, path: `${at.path}/${next.name}` }
  }
  return at
}

/** What is withheld of a folder; anything else that a judgement refuses ends the whole opening. */
const withheld: ReadonlySet<string> = new Set(['refused.condition', 'refused.policy', 'refused.no-rule'])

/** Whether the permission that opened the folder gives this of it, now: it may have ended meanwhile. */
async function isGiven({ owner, reader, authorised, grant }: Asked, entry: Found): Promise<boolean> {
  if (!owner.branches.mayRead(entry, reader)) return false
  const part = { object: toHex(entry.id), about: aboutOf(owner.space.view, entry) }
  const { verdict, code, sentence } = await owner.qonsent.judgePart(authorised, part, [grant.delegation])
  if (verdict === 'allow') return true
  if (withheld.has(code)) return false
  throw new Fault(code as FaultCode, sentence)
}

function factsOf({ owner }: Asked, { found, path }: Shared): EntryFacts {
  const { id, kind, name, type, bytes, modifiedMs, isLocked } = found
  return {
    id: toHex(id),
    kind,
    name,
    path,
    type,
    bytes,
    modifiedMs,
    tags: [],
    versions: 1,
    isTrashed: false,
    ...(isLocked ? { isLocked: true as const } : {}),
    owner: owner.space.did,
  }
}
