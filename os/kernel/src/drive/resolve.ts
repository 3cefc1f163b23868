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

/** A path, an id, or a name that only one thing has. */
export function resolve(view: View, ref: Ref): Found {
  if (idPattern.test(ref)) {
    const entry = view.entry(fromHex(ref))
    if (entry !== undefined && isShown(entry)) return entry
  }
  const byPath = resolvePath(view, ref.startsWith('/') ? ref : `/${ref}`)
  if (byPath === null)
    throw new Fault(
      'invalid.kind',
      'The root folder cannot be moved, copied, tagged or taken away, and has no versions. Name something in it.',
    )
  if (byPath !== undefined && isShown(byPath)) return byPath
  const same = ref.includes('/') ? [] : named(view, ref)
  if (same.length === 1) return same[0] as Found
  if (same.length > 1) {
    const paths = same.slice(0, namesShownMax).map((entry) => pathOf(view, entry.id) ?? entry.name)
    throw new Fault(
      'conflict.name',
      `"${ref}" is the name of ${same.length} things. Say which: ${paths.join(', ')}`,
    )
  }
  throw new Fault(
    'missing.object',
    `There is no "${ref}" here. See what there is with: anarq ls, or anarq find WORDS`,
  )
}

function named(view: View, name: string): Found[] {
  const byName = (isTrashed: boolean): Found[] =>
    view
      .search({ text: name, isTrashed, limit: 1000, order: 'time' })
      .filter((entry) => entry.name === name)
      .filter(isShown)
  const present = byName(false)
  return present.length > 0 ? present : byName(true)
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
