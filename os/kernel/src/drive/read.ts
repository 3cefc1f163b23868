import { nothing, toHex } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { deliver, deliverOpened } from '@anarq/flows'
import type { Flow, Guardian } from '@anarq/qerberos'
import { type FileVersion, fieldNames, pathOf, resolvePath, type View } from '@anarq/qindex'
import type { Inner } from '@anarq/qnt'
import { deriveLockKey } from '@anarq/qompress'
import type { Authority } from '../authority.ts'
import type {
  Content,
  DriveOperations,
  EntryFacts,
  FindQuery,
  GetOptions,
  TreeEntry,
  TreeOptions,
} from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { Space } from '../space.ts'
import { aboutOf } from './about.ts'
import { type Ahead, openAhead, type Placed } from './read-ahead.ts'
import { type Found, factsOf, isRoot, isShown, resolve, rootFacts } from './resolve.ts'
import { etagOf, openVersion, pickVersion, versionsOf } from './versions.ts'

export type ReadContext = {
  space: Space
  ports: KernelPorts
  authority: Authority
  guardian: Guardian
  onDecoy(id: Uint8Array): void
}

const listMax = 100_000
const findMax = 10_000

type Reading = Pick<
  DriveOperations,
  'list' | 'entry' | 'find' | 'get' | 'walk' | 'readTree' | 'versions' | 'history'
>

export function createReading(context: ReadContext): Reading {
  const { space, authority } = context
  const { view } = space
  const look = async (object?: Uint8Array): Promise<void> => {
    const { flow } = await authority.own({ action: '/qnt/read/facts', object })
    flow.end('ok')
  }
  return {
    async entry(ref) {
      if (isRoot(ref)) return rootFacts
      const found = resolve(view, ref)
      await look(found.id)
      return factsOf(view, found)
    },
    async list(path, { limit = listMax, offset = 0 } = {}) {
      const folder = folderOf(path, space)
      await look(folder?.id)
      const where = folder === undefined ? '/' : (pathOf(view, folder.id) ?? '/')
      const entries = view.children(folder?.id ?? null, { limit: Math.min(limit, listMax), offset })
      return entries.filter(isShown).map((one) => factsOf(view, one, where))
    },
    async find(query) {
      await look()
      return view
        .search(queryOf(query, space))
        .filter(isShown)
        .map((one) => factsOf(view, one))
    },
    get: (ref, options = {}) => readOne(context, ref, options),
    async *walk(ref) {
      const start = isRoot(ref) ? undefined : resolve(view, ref)
      await look(start?.id)
      for (const { entry } of withBelow(space, start)) yield entry
    },
    readTree: (ref, options = {}) => readTree(context, ref, options),
    async versions(ref) {
      const found = resolve(view, ref)
      await look(found.id)
      const all = await versionsOf(space, found.id)
      return all.map(({ sequence, cid, bytes, storedBytes, modifiedMs, savedMs }, i) => {
        return {
          version: sequence + 1,
          cid: cid.toString(),
          bytes,
          storedBytes,
          modifiedMs,
          savedMs,
          isLatest: i === 0,
        }
      })
    },
    async history({ limit = 50 } = {}) {
      await look()
      const commits = []
      for await (const { cid, sequence, atMs, count, batchSize, did, device } of space.index.history()) {
        commits.push({
          cid: cid.toString(),
          sequence,
          atMs,
          records: count,
          objects: batchSize,
          did,
          device: toHex(device),
        })
        if (commits.length >= limit) break
      }
      return commits
    },
  }
}

async function readOne(context: ReadContext, ref: string, options: GetOptions): Promise<Content> {
  const { space, authority } = context
  const found = resolve(space.view, ref)
  if (found.kind === 'folder')
    throw new Fault('invalid.kind', `${found.name} is a folder. Get it with -o FOLDER, or name a file in it.`)
  const { flow } = await authority.own({
    action: '/qnt/read',
    object: found.id,
    about: aboutOf(space.view, found),
  })
  try {
    const { version, inner } = await openFile(context, found, options.version)
    const lockKey = await lockKeyOf(inner, options.lock, found.name)
    await space.recordRead([
      {
        action: 'object.get',
        object: toHex(found.id),
        verdict: 'ok',
        flow: flow.id,
        details: { version: version.sequence + 1 },
      },
    ])
    const entry = factsOf(space.view, found)
    return contentOf(context, { entry, version, inner, flow, lockKey }, options)
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/**
 * One decision and one entry of the audit log for the folder; each file is a flow of its own that goes on from it. What is left out
 * is decided when it is asked for.
 */
async function* readTree(
  context: ReadContext,
  ref: string,
  { lock, signal, leavesFrom = Number.POSITIVE_INFINITY }: TreeOptions,
): AsyncIterable<TreeEntry> {
  const { space, authority, guardian } = context
  const start = isRoot(ref) ? undefined : resolve(space.view, ref)
  const about = start === undefined ? undefined : aboutOf(space.view, start)
  const access = await authority.own({ action: '/qnt/read', object: start?.id, about })
  const after = access.flow.end('ok')
  await space.recordRead([
    {
      action: 'object.get',
      object: access.request.object,
      verdict: 'ok',
      flow: access.flow.id,
      details: { isTree: true },
    },
  ])
  const lockKeys = new Map<string, Uint8Array | undefined>()
  const fileOf = async (one: Ahead, flow: Flow): Promise<Content> => {
    const opened = openedContent(context, one, flow)
    if (opened !== undefined) return opened
    const { version, inner } = await openFile(context, one.found, undefined)
    // The key of the second lock is slow to derive on purpose: once for each salt is enough.
    const salt = inner.metadata.lock === undefined ? '' : toHex(inner.metadata.lock.salt)
    const lockKey = lockKeys.has(salt) ? lockKeys.get(salt) : await lockKeyOf(inner, lock, one.found.name)
    lockKeys.set(salt, lockKey)
    return contentOf(context, { entry: one.entry, version, inner, flow, lockKey }, { signal })
  }
  for await (const group of openAhead(context, withBelow(space, start))) {
    for (const one of group) {
      signal?.throwIfAborted()
      const { entry } = one
      if (entry.kind === 'folder') {
        yield { entry: { ...entry, ...(await modeOfFolder(space, one.found)), kind: 'folder' } }
        continue
      }
      if (entry.bytes >= leavesFrom) {
        yield { entry: { ...entry, kind: 'file' }, content: leftContent(entry) }
        continue
      }
      const flow = guardian.begin('out', space.did, access.request.object, { after })
      try {
        const content = await fileOf(one, flow).catch((error: unknown) => unreadable(entry, error))
        yield { entry: { ...content.entry, kind: 'file' }, content }
      } finally {
        flow.end('failed')
      }
    }
  }
}

async function modeOfFolder({ index }: Space, { id }: Found): Promise<{ mode?: number }> {
  const mode = (await index.get(id))?.fields.get(fieldNames.mode)?.value
  return typeof mode === 'number' ? { mode: mode & 0o777 } : {}
}

/** Of a file that was opened ahead of its turn. */
function openedContent(
  { onDecoy }: ReadContext,
  { found, entry, version, opened }: Ahead,
  flow: Flow,
): Content | undefined {
  if (version === undefined || opened === undefined) return undefined
  if (found.isDecoy) onDecoy(found.id)
  const { length } = opened.bytes
  const mode = opened.mode === undefined ? {} : { mode: opened.mode }
  return {
    entry: { ...entry, type: version.type, bytes: length, ...mode },
    bytes: length,
    type: version.type,
    etag: etagOf(version),
    stream: deliverOpened(flow, version.root, opened),
  }
}

function leftContent(entry: EntryFacts): Content {
  const { bytes, type } = entry
  return { entry, bytes, type, etag: '', stream: nothing(), isLeft: true }
}

/** One file that cannot be opened does not hide the others of its folder: its stream says why. */
export function unreadable(entry: EntryFacts, error: unknown): Content {
  if (!hasCode(error, 'damaged') && !hasCode(error, 'refused.lock')) throw error
  const stream = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }
  return { entry, bytes: entry.bytes, type: entry.type, etag: '', stream }
}

async function openFile(
  { space, ports, onDecoy }: ReadContext,
  found: Found,
  wanted: number | undefined,
): Promise<{ version: FileVersion; inner: Inner }> {
  if (found.isDecoy) onDecoy(found.id)
  const version = pickVersion(await versionsOf(space, found.id), wanted, found.name)
  return { version, ...(await openVersion(space, ports, version.cid, found.name)) }
}

type Opened = {
  entry: EntryFacts
  version: FileVersion
  inner: Inner
  flow: Flow
  lockKey: Uint8Array | undefined
}

function contentOf(
  { ports }: ReadContext,
  { entry: facts, version, inner, flow, lockKey }: Opened,
  { version: wanted, fromByte = 0, toByte, signal }: GetOptions,
): Content {
  const { body, metadata } = inner
  const end = toByte ?? body.plainBytes
  if (fromByte < 0 || fromByte > end || end > body.plainBytes)
    throw new Fault(
      'invalid.range',
      `${facts.name} has ${body.plainBytes} bytes; the range asked for lies outside.`,
    )
  const { mode } = metadata
  // A tool may have put the time right since this version was saved.
  const modifiedMs = wanted === undefined ? facts.modifiedMs : metadata.modifiedMs
  return {
    entry: {
      ...facts,
      type: version.type,
      bytes: body.plainBytes,
      modifiedMs,
      ...(mode === undefined ? {} : { mode }),
    },
    bytes: body.plainBytes,
    type: version.type,
    etag: etagOf(version),
    stream: deliver({
      blocks: ports.blocks,
      sealer: ports.sealer,
      body,
      flow,
      name: facts.name,
      lockKey,
      fromByte,
      toByte: end,
      signal,
    }),
  }
}

/** The key of the second lock, or `refused.lock` where it is on and no passphrase came. */
export async function lockKeyOf(
  { metadata }: Inner,
  passphrase: string | undefined,
  name: string,
): Promise<Uint8Array | undefined> {
  if (metadata.lock === undefined) return undefined
  if (passphrase === undefined)
    throw new Fault(
      'refused.lock',
      `${name} has a second lock. Give its passphrase (--second-lock, or --lock-file FILE).`,
    )
  return deriveLockKey(passphrase, metadata.lock.salt, metadata.lock.params)
}

/** The thing itself and all below it, folders before what is in them; without a start, the whole drive. */
function* withBelow({ view }: Space, start: Found | undefined): Iterable<Placed> {
  if (start === undefined) yield* inside(view, null, '/')
  else yield* thisAndInside(view, start, factsOf(view, start))
}

function* thisAndInside(view: View, found: Found, entry: EntryFacts): Iterable<Placed> {
  yield { found, entry }
  if (found.kind === 'folder') yield* inside(view, found.id, entry.path)
}

function* inside(view: View, folder: Uint8Array | null, path: string): Iterable<Placed> {
  for (const entry of view.children(folder, { limit: Number.MAX_SAFE_INTEGER }))
    if (isShown(entry)) yield* thisAndInside(view, entry, factsOf(view, entry, path))
}

function folderOf(path: string, { view }: Space): Found | undefined {
  if (isRoot(path)) return undefined
  const found = resolvePath(view, path.startsWith('/') ? path : `/${path}`) ?? resolve(view, path)
  if (!isShown(found)) throw new Fault('missing.object', `There is no folder ${path}.`)
  if (found.kind === 'file') throw new Fault('invalid.kind', `${path} is a file, not a folder.`)
  return found
}

function thereAt(ref: string, space: Space): Found | undefined {
  try {
    return folderOf(ref, space)
  } catch (error) {
    if (hasCode(error, 'missing')) return undefined
    throw error
  }
}

function queryOf(
  {
    text,
    tag,
    type,
    owner,
    fromMs,
    toMs,
    isTrashed = false,
    below,
    outside,
    limit = 100,
    offset = 0,
  }: FindQuery,
  space: Space,
) {
  const folder = below === undefined ? undefined : folderOf(below, space)
  const left = outside === undefined ? undefined : thereAt(outside, space)
  return {
    isTrashed,
    limit: Math.min(limit, findMax),
    offset,
    ...(text === undefined ? {} : { text }),
    ...(tag === undefined ? {} : { tag }),
    ...(type === undefined ? {} : { type }),
    ...(owner === undefined ? {} : { owner }),
    ...(fromMs === undefined ? {} : { from: fromMs }),
    ...(toMs === undefined ? {} : { to: toMs }),
    ...(folder === undefined ? {} : { below: folder.id }),
    ...(left === undefined ? {} : { outside: left.id }),
  }
}
