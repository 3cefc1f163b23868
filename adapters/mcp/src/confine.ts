import { Fault } from '@anarq/fault'
import { isSystemPath } from '@anarq/kernel'
import { placeOf } from '@anarq/sdk'
import { callerOf, opensAll, type ToolAccess } from './access.ts'

/** Whether a path of the drive lies in the folder that the key opens. */
export function isInside(path: string, access: ToolAccess): boolean {
  if (opensAll(access)) return true
  const folder = plainOf(access.folder)
  const plain = plainOf(path)
  return plain === folder || plain.startsWith(`${folder}/`)
}

/**
 * Lets a path through that lies in the key's folder. What lies outside does not exist (`missing.object`), and neither do the
 * system's own folders and the app's own storage: an assistant has none.
 */
export function checkInside(path: unknown, access: ToolAccess): void {
  // What is no text is refused by the method itself, in its own words.
  if (typeof path !== 'string') return
  if (path.startsWith('app:') || isSystemPath(plainOf(path))) throw outside()
  if (!isInside(placeOf(path, callerOf(access)), access)) throw outside()
}

/** The folder itself belongs to whoever made the key: moving it, or taking it away, would change what lies around it. */
export function checkBelow(path: unknown, access: ToolAccess): void {
  if (typeof path !== 'string' || plainOf(path) !== plainOf(access.folder)) return
  throw new Fault('refused.place', 'This is the folder that your key opens. It stays where it is.')
}

/** As the index compares names. */
function plainOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  return `/${parts.join('/')}`.normalize('NFC')
}

function outside(): Fault {
  return new Fault('missing.object', 'There is no such file or folder.')
}
