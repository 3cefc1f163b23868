import { equalBytes, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Change, resolvePath, type View } from '@anarq/qindex'
import { type Found, isShown, partsOf } from './resolve.ts'

/** The folder that a thing is moved or copied to; `null` is the root. Not the thing itself, nor anything in it. */
export function targetFolder(view: View, path: string, found: Found): Uint8Array | null {
  if (partsOf(path).length === 0) return null
  const folder = resolvePath(view, `/${partsOf(path).join('/')}`)
  if (folder == null || folder.kind !== 'folder')
    throw new Fault('missing.object', `There is no folder ${path}. Make it first with: anarq mkdir "${path}"`)
  if (isInside(view, folder.id, found.id))
    throw new Fault('invalid.move', `${found.name} cannot be put into itself.`)
  return folder.id
}

/** What puts into the trash whatever is in the way of a thing that comes to this place. */
export function makeWay(
  view: View,
  parent: Uint8Array | null,
  name: string,
  { coming, nowMs }: { coming: Found; nowMs: number },
): Change[] {
  const [there] = view.childByName(parent, name)
  if (there === undefined || !isShown(there) || equalBytes(there.id, coming.id)) return []
  if (isInside(view, coming.id, there.id))
    throw new Fault('invalid.move', `${there.name} cannot be replaced by something that lies in it.`)
  return [{ id: there.id, kind: there.kind, set: { trashedMs: nowMs } }]
}

/** True for the folder itself too. */
function isInside(view: View, id: Uint8Array, folder: Uint8Array): boolean {
  for (let at: Uint8Array | null | undefined = id; at != null; at = view.entry(at)?.parent)
    if (toHex(at) === toHex(folder)) return true
  return false
}
