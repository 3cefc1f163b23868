import { Fault } from '@anarq/fault'
import { folderKind } from './drive-record.ts'
import { checkName } from './folders.ts'
import type { Entry, View } from './view.ts'

const depthMax = 512
const attemptsMax = 10_000

/**
 * What a path like `/photos/2026/beach.jpg` leads to, by the names that are shown: `null` for the root folder,
 * undefined where there is nothing. `invalid.name` for a part that is no name.
 */
export function resolvePath(view: View, path: string): Entry | null | undefined {
  const names = path.split('/').filter((name) => name !== '')
  let at: Entry | null = null
  for (const name of names) {
    if (at !== null && at.kind !== folderKind) return undefined
    const [next]: readonly Entry[] = view.childByName(at?.id ?? null, checkName(name))
    if (next === undefined) return undefined
    at = next
  }
  return at
}

/** The path under which an entry is shown; undefined where there is no such entry, or it lies in no folder. */
export function pathOf(view: View, id: Uint8Array): string | undefined {
  const names: string[] = []
  for (let at = view.entry(id); names.length < depthMax; at = view.entry(at.parent)) {
    if (at?.parent === undefined) return undefined
    names.push(at.name)
    if (at.parent === null) return `/${names.reverse().join('/')}`
  }
  return undefined
}

/**
 * The id for a folder of this name in this folder: that of the one which is there, or else the first that was not
 * used before by a folder since moved, renamed or put into the trash. `folderId` is the index's.
 */
export function freeFolderId(
  view: View,
  folderId: (parent: Uint8Array | null, name: string, attempt: number) => Uint8Array,
  parent: Uint8Array | null,
  name: string,
): { readonly id: Uint8Array; readonly isThere: boolean } {
  const there = view.childByName(parent, checkName(name)).find(({ kind }) => kind === folderKind)
  if (there !== undefined) return { id: there.id, isThere: true }
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const id = folderId(parent, name, attempt)
    if (view.entry(id) === undefined) return { id, isThere: false }
  }
  throw new Fault('limit.folders', 'Too many folders of this name were made here. Choose another name.')
}
