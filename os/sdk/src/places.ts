import { Fault } from '@anarq/fault'
import { type EntryFacts, isSystemPath, systemFolder } from '@anarq/kernel'
import type { Caller } from './method.ts'

const ownScheme = 'app:'
/** The shell keeps its own things under this name. */
export const shellId = 'os.anarq.shell'

/** The folder of an app's own storage. */
export function appFolder(id: string): string {
  return `${systemFolder}/data/${id}`
}

export function isOwnPlace(path: string): boolean {
  return path.startsWith(`${ownScheme}/`)
}

/** A path as the drive knows it; `refused.place` for the system's own folders and `invalid.path` for what is no path. */
export function placeOf(path: string, caller: Caller): string {
  const isOwn = isOwnPlace(path)
  const below = isOwn ? path.slice(ownScheme.length) : path
  if (!below.startsWith('/'))
    throw new Fault(
      'invalid.path',
      'A path begins with "/" in the drive, or with "app:/" in the app\'s own storage.',
    )
  const parts = below.split('/').filter((part) => part !== '')
  if (parts.some((part) => part === '.' || part === '..' || part.includes('\0')))
    throw new Fault('invalid.path', 'A path has no "." or ".." in it.')
  const plain = `/${parts.join('/')}`
  if (isOwn) return plain === '/' ? ownFolder(caller) : ownFolder(caller) + plain
  if (isSystemPath(plain))
    throw new Fault(
      'refused.place',
      'This folder is the system\'s own. Apps keep their things under "app:/".',
    )
  return plain
}

const idPattern = /^id:[0-9a-f]{32}$/

/** A path, or `id:` and an object's id, for what lies in the trash or was found by its grant. */
export async function refOf(
  path: string,
  caller: Caller,
  entryOf: (ref: string) => Promise<EntryFacts>,
): Promise<string> {
  if (!idPattern.test(path)) return placeOf(path, caller)
  const { path: place, id } = await entryOf(path.slice('id:'.length))
  const own = ownFolder(caller)
  if (place !== own && !place.startsWith(`${own}/`)) placeOf(place, caller)
  return id
}

/** A path of the drive as the caller knows it. */
export function seenPath(path: string, caller: Caller): string {
  const own = ownFolder(caller)
  if (path === own) return `${ownScheme}/`
  return path.startsWith(`${own}/`) ? `${ownScheme}${path.slice(own.length)}` : path
}

/** The same for an entry. */
export function seenBy<T extends EntryFacts>(entry: T, caller: Caller): T {
  const path = seenPath(entry.path, caller)
  return path === entry.path ? entry : { ...entry, path }
}

function ownFolder(caller: Caller): string {
  return appFolder(caller.kind === 'app' ? caller.id : shellId)
}
