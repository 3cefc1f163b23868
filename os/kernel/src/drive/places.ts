import type { PutFolder } from '@anarq/flows'
import { cidKey } from '@anarq/ipld'
import { type Change, checkName, type Entry, freeFolderId } from '@anarq/qindex'
import type { Space } from '../space.ts'
import { partsOf } from './resolve.ts'

export type FolderFacts = Pick<PutFolder, 'modifiedMs' | 'mode'>

/** Where the items of one put go: the folders on the way, and what lies there already. */
export type Places = {
  /**
   * A folder of the put; it, and the ones missing on the way to it, are made with the next commit. One that is there already gets the
   * time and the permission bits that it has now.
   */
  folder(path: string, facts: FolderFacts): void
  /** Where a file of the put goes: a path for `inner`, and its name. One that cannot be kept throws `invalid.name`. */
  split(path: string): { folder: string; name: string }
  /** The id of a folder that `split` named; made where it is missing. */
  inner(folder: string): Uint8Array | null
  fileAt(parent: Uint8Array | null, name: string): Entry | undefined
  /** The file that is there already under a path of the put. Makes nothing. */
  known(path: string): Entry | undefined
  /** The last folder on the way to a path of the put that is there already, or is about to be. */
  deepest(path: string): Uint8Array | null
  /** The folders made since the last call. */
  takeChanges(): Change[]
  /** The view shows all that were taken. */
  committed(): void
  foldersMade(): number
}

export function createPlaces(
  { view, index }: Pick<Space, 'view' | 'index'>,
  { top, to, nowMs }: { top: Uint8Array | null; to: string; nowMs: number },
): Places {
  const base = partsOf(to).join('/')
  /** Folders that the view does not show yet, or that were looked up since the last commit. */
  const folders = new Map<string, Uint8Array>()
  /** Of these, the ones made here: nothing lies in them but what this put brings. */
  const fresh = new Set<string>()
  /** Paths where no folder was when it was first asked for: nothing below them can be stored already. */
  const absent = new Set<string>()
  let changes: Change[] = []
  let made = 0

  function folderAt(path: string, facts?: FolderFacts): Uint8Array | null {
    if (path === '') return top
    const known = folders.get(path)
    if (known !== undefined) return known
    const { above, last } = splitPath(path)
    const parent = folderAt(above)
    const name = checkName(last)
    const { id, isThere } = freeFolderId(view, index.folderId, parent, name)
    if (!isThere) {
      changes.push({ id, kind: 'folder', set: { name, parent, ...fieldsOf(facts ?? { modifiedMs: nowMs }) } })
      made += 1
      fresh.add(cidKey(id))
    } else if (facts !== undefined && facts.modifiedMs !== view.entry(id)?.modifiedMs)
      changes.push({ id, kind: 'folder', set: fieldsOf(facts) })
    folders.set(path, id)
    return id
  }

  /** The id of a folder that is there already; undefined where it would have to be made. */
  function knownFolder(path: string): Uint8Array | null | undefined {
    if (path === '') return top
    if (absent.has(path)) return undefined
    const known = folders.get(path)
    if (known !== undefined) return known
    const { above, last } = splitPath(path)
    const parent = knownFolder(above)
    const id =
      parent === undefined
        ? undefined
        : view.childByName(parent, last).find((entry) => entry.kind === 'folder')?.id
    if (id === undefined) absent.add(path)
    return id
  }

  const whole = (path: string): string => (base === '' ? path : `${base}/${path}`)
  const split = (path: string): { folder: string; name: string } => {
    const { above, last } = splitPath(whole(path))
    return { folder: above, name: checkName(last) }
  }
  const fileAt = (parent: Uint8Array | null, name: string): Entry | undefined =>
    parent !== null && fresh.has(cidKey(parent))
      ? undefined
      : view.childByName(parent, name).find((entry) => entry.kind === 'file')

  return {
    folder: (path, facts) => void folderAt(whole(path), facts),
    inner: (folder) => folderAt(folder),
    split,
    fileAt,
    known(path) {
      let place: { folder: string; name: string }
      try {
        place = split(path)
      } catch {
        // A name that cannot be kept: the flow says so when its turn comes.
        return undefined
      }
      const parent = knownFolder(place.folder)
      return parent === undefined ? undefined : fileAt(parent, place.name)
    },
    deepest(path) {
      let at = top
      for (const name of whole(path).split('/').slice(0, -1)) {
        const next = view.childByName(at, name).find((entry) => entry.kind === 'folder')
        if (next === undefined) break
        at = next.id
      }
      return at
    },
    takeChanges() {
      const taken = changes
      changes = []
      return taken
    },
    committed() {
      const waiting = new Set(changes.map(({ id }) => cidKey(id)))
      for (const [path, id] of folders) if (!waiting.has(cidKey(id))) folders.delete(path)
      for (const key of fresh) if (!waiting.has(key)) fresh.delete(key)
    },
    foldersMade: () => made,
  }
}

function fieldsOf({ modifiedMs, mode }: FolderFacts): Record<string, number> {
  return mode === undefined ? { modifiedMs } : { modifiedMs, mode }
}

function splitPath(path: string): { above: string; last: string } {
  const slash = path.lastIndexOf('/')
  return { above: slash < 0 ? '' : path.slice(0, slash), last: path.slice(slash + 1) }
}
