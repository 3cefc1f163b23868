import { freeName } from './names.ts'
import { join, nameOf, parentOf } from './paths.ts'

/** What to do where the name is there already. */
export type Answer = 'both' | 'version' | 'skip'

export type Coming = { readonly path: string; readonly isFolder: boolean }
export type Conflict<Item extends Coming> = { readonly item: Item; readonly isFolderThere: boolean }
/** What lies in a folder by name; undefined where there is no such folder. */
export type Known = ReadonlyMap<string, ReadonlyMap<string, 'file' | 'folder'>>

/** The folders that must be looked at: those that something comes to. */
export function foldersOf(items: readonly Coming[]): readonly string[] {
  return [...new Set(items.map(({ path }) => parentOf(path)))].sort((a, b) => a.length - b.length)
}

/** Files whose name is there. Folders that are there are one with those that come. */
export function conflictsOf<Item extends Coming>(
  items: readonly Item[],
  known: Known,
): readonly Conflict<Item>[] {
  const conflicts: Conflict<Item>[] = []
  for (const item of items) {
    const there = known.get(parentOf(item.path))?.get(nameOf(item.path))
    if (there === undefined || (item.isFolder && there === 'folder')) continue
    conflicts.push({ item, isFolderThere: there === 'folder' })
  }
  return conflicts
}

/**
 * The items with the paths that they get. A file never becomes a version of a folder, nor a folder of a file: they stand
 * beside it, and what comes in a folder goes along with its new name.
 */
export function settled<Item extends Coming>(
  items: readonly Item[],
  known: Known,
  answerOf: (conflict: Conflict<Item>) => Answer,
): readonly Item[] {
  const taken = new Map<string, Set<string>>()
  const takenIn = (folder: string): Set<string> => {
    const names = taken.get(folder) ?? new Set(known.get(folder)?.keys() ?? [])
    taken.set(folder, names)
    return names
  }
  const moved = new Map<string, string>()
  const skipped = new Set<string>()
  const out: Item[] = []
  const byItem = new Map(conflictsOf(items, known).map((one) => [one.item, one]))
  for (const item of [...items].sort((a, b) => depth(a.path) - depth(b.path))) {
    const above = ancestorsOf(item.path)
    if (above.some((path) => skipped.has(path))) continue
    const base = above.find((path) => moved.has(path))
    const path = base === undefined ? item.path : (moved.get(base) as string) + item.path.slice(base.length)
    const conflict = base === undefined ? byItem.get(item) : undefined
    const names = takenIn(parentOf(path))
    if (conflict === undefined) {
      names.add(nameOf(path))
      out.push(path === item.path ? item : { ...item, path })
      continue
    }
    const answer = answerOf(conflict)
    const isMixed = conflict.isFolderThere !== item.isFolder
    if (answer === 'skip') skipped.add(item.path)
    else if (answer === 'version' && !isMixed) out.push(item)
    else {
      const name = freeName(nameOf(path), names)
      names.add(name)
      const free = join(parentOf(path), name)
      if (item.isFolder) moved.set(item.path, free)
      out.push({ ...item, path: free })
    }
  }
  return out
}

function depth(path: string): number {
  return path.split('/').length
}

function ancestorsOf(path: string): string[] {
  const above: string[] = []
  for (let at = parentOf(path); at !== '/'; at = parentOf(at)) above.push(at)
  return above
}
