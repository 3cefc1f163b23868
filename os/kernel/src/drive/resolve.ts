import { fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { checkName, type Entry, pathOf, resolvePath, type View } from '@anarq/qindex'
import type { EntryFacts, Ref } from '../operations.ts'

export type Found = Entry & { readonly kind: 'file' | 'folder' }

/** The drive's root has no record of its own. */
export const rootFacts: EntryFacts = {
  id: '',
  kind: 'folder',
  name: '',
  path: '/',
  type: '',
  bytes: 0,
  modifiedMs: 0,
  tags: [],
  versions: 0,
  isTrashed: false,
}

const idPattern = /^[0-9a-f]{32}$/
const namesShownMax = 5

/** True for what names the drive's root: `/`, or nothing. */
export function isRoot(ref: Ref): boolean {
  return ref === '' || ref === '/'
}

/** What a path that leads to nothing, or to something else now, means to who works on the trash: what had it before. */
export type ResolveOptions = { readonly trash?: 'first' | 'last' }

/** A path, an id, or a name that only one thing has. */
export function resolve(view: View, ref: Ref, { trash }: ResolveOptions = {}): Found {
  const found =
    byId(view, ref) ??
    (trash === 'first' ? inTrash(view, ref) : undefined) ??
    byPath(view, ref) ??
    byName(view, ref) ??
    (trash === 'last' ? inTrash(view, ref) : undefined)
  if (found !== undefined) return found
  throw new Fault(
    'missing.object',
    `There is no "${ref}" here. See what there is with: anarq ls, or anarq find WORDS`,
  )
}

function byId(view: View, ref: Ref): Found | undefined {
  const entry = idPattern.test(ref) ? view.entry(fromHex(ref)) : undefined
  return entry !== undefined && isShown(entry) ? entry : undefined
}

function byPath(view: View, ref: Ref): Found | undefined {
  const entry = resolvePath(view, ref)
  if (entry === null)
    throw new Fault(
      'invalid.kind',
      'The root folder cannot be moved, copied, tagged or taken away, and has no versions. Name something in it.',
    )
  return entry !== undefined && isShown(entry) ? entry : undefined
}

/** Of what is there; where nothing of it is, of what lies in the trash. */
function byName(view: View, ref: Ref): Found | undefined {
  if (ref.includes('/')) return undefined
  const present = named(view, ref, { isTrashed: false })
  return onlyOne(view, ref, present.length > 0 ? present : named(view, ref, { isTrashed: true }))
}

/** By the path that it had there, or a name alone. */
function inTrash(view: View, ref: Ref): Found | undefined {
  const parts = partsOf(ref)
  const name = parts.at(-1)
  if (name === undefined) return undefined
  const same = named(view, name, { isTrashed: true })
  const before = same.filter(({ id }) => pathOf(view, id) === `/${parts.join('/')}`)
  return onlyOne(view, ref, before.length > 0 || ref.includes('/') ? before : same)
}

function named(view: View, name: string, { isTrashed }: { isTrashed: boolean }): Found[] {
  return view
    .search({ text: name, isTrashed, limit: 1000, order: 'time' })
    .filter((entry) => entry.name === name)
    .filter(isShown)
}

/** Several of one path, as in the trash, only their ids tell apart. */
function onlyOne(view: View, ref: Ref, same: readonly Found[]): Found | undefined {
  if (same.length <= 1) return same[0]
  const all = same.slice(0, namesShownMax).map(({ id, name, isTrashed }) => {
    const path = pathOf(view, id) ?? name
    return isTrashed ? `${toHex(id)} (${path})` : path
  })
  throw new Fault(
    'conflict.name',
    `"${ref}" is the name of ${same.length} things. Say which: ${all.join(', ')}`,
  )
}

/** What was taken away for good lies in the trash since the beginning of time: its record stays, so that other devices learn of it. */
export const purgedMs = 0

export function isShown(entry: Entry): entry is Found {
  const isThing = entry.kind === 'file' || entry.kind === 'folder'
  return isThing && entry.parent !== undefined && entry.trashedMs !== purgedMs
}

/** The parts of a folder's path, each a good name. */
export function partsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map((part) => checkName(part))
}

export function factsOf(view: View, entry: Found, folder?: string): EntryFacts {
  const path =
    folder === undefined
      ? (pathOf(view, entry.id) ?? entry.name)
      : `${folder === '/' ? '' : folder}/${entry.name}`
  return {
    id: toHex(entry.id),
    kind: entry.kind,
    name: entry.name,
    path,
    type: entry.type,
    bytes: entry.bytes,
    modifiedMs: entry.modifiedMs,
    tags: entry.tags,
    versions: entry.versions,
    isTrashed: entry.isTrashed,
    ...(entry.isLocked ? { isLocked: true as const } : {}),
    ...(entry.owner === undefined ? {} : { owner: entry.owner }),
  }
}
