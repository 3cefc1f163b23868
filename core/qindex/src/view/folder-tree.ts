import { compareBytes, toHex } from '@anarq/bytes'
import { folderKind } from './drive-record.ts'
import type { EntryFacts } from './entry-facts.ts'
import { findCycleCuts, type Placement, shownNames } from './folders.ts'
import { compareText, nameKey } from './search-text.ts'

/** What a folder looks like. */
type Layout = {
  /** What is not in the trash itself: folders first, then by name. */
  readonly order: readonly EntryFacts[]
  /** By id in hexadecimal, where the shown name is not the given one. */
  readonly shown: ReadonlyMap<string, { readonly shown: string; readonly conflictOf: Uint8Array }>
  readonly byGiven: ReadonlyMap<string, readonly EntryFacts[]>
}

/**
 * Where everything lies. A folder is named by its id in hexadecimal, the root folder by the empty text. What names
 * a folder that is not known lies in the root folder until it is, and so does the folder that a cycle is cut at.
 */
export type FolderTree = {
  /** Takes new facts in the place of old ones. */
  apply(facts: readonly EntryFacts[]): void
  facts(id: string): EntryFacts | undefined
  all(): Iterable<EntryFacts>
  /** Undefined for what lies in no folder. */
  placeOf(id: string): string | undefined
  membersOf(folder: string): Iterable<EntryFacts>
  layoutOf(folder: string): Layout
  /** In the trash itself, or below something there. */
  isTrashed(id: string): boolean
  isBelow(id: string, folder: string): boolean
}

export const rootFolder = ''

export function createFolderTree(): FolderTree {
  const items = new Map<string, EntryFacts>()
  /** Who names whom as its folder, known or not. */
  const asking = createMultiMap()
  const members = createMultiMap()
  const places = new Map<string, string>()
  const layouts = new Map<string, Layout>()
  let cuts: ReadonlySet<string> = new Set()

  const isFolder = (id: string) => items.get(id)?.kind === folderKind
  const givenParent = (id: string) => {
    const parent = items.get(id)?.parent
    return parent && toHex(parent)
  }
  const placementOf = (id: string): Placement | undefined => {
    const parent = givenParent(id)
    const isKnown = typeof parent === 'string' && isFolder(parent)
    return { parent: isKnown ? parent : undefined, moved: items.get(id)?.moved ?? '' }
  }
  const place = (id: string) => {
    const parent = givenParent(id)
    const before = places.get(id)
    if (before !== undefined) {
      members.remove(before, id)
      layouts.delete(before)
    }
    if (parent === undefined) {
      places.delete(id)
      return
    }
    const now = parent === null || cuts.has(id) || !isFolder(parent) ? rootFolder : parent
    places.set(id, now)
    members.add(now, id)
    layouts.delete(now)
  }
  const take = (facts: EntryFacts, moved: Set<string>, toPlace: Set<string>) => {
    const id = toHex(facts.id)
    const wasFolder = isFolder(id)
    const before = givenParent(id)
    if (before) asking.remove(before, id)
    items.set(id, facts)
    const parent = givenParent(id)
    if (parent) asking.add(parent, id)
    toPlace.add(id)
    if (wasFolder || facts.kind === folderKind) moved.add(id)
    if (wasFolder !== (facts.kind === folderKind)) for (const child of asking.of(id)) toPlace.add(child)
  }
  const upwards = function* (id: string): Generator<string> {
    for (let at = places.get(id); at !== undefined && at !== rootFolder; at = places.get(at)) yield at
  }
  return {
    apply(facts) {
      const moved = new Set<string>(cuts)
      const toPlace = new Set<string>(cuts)
      for (const one of facts) take(one, moved, toPlace)
      cuts = findCycleCuts(moved, placementOf)
      for (const id of cuts) toPlace.add(id)
      for (const id of toPlace) place(id)
    },
    facts: (id) => items.get(id),
    all: () => items.values(),
    placeOf: (id) => places.get(id),
    *membersOf(folder) {
      for (const id of members.of(folder)) yield items.get(id) as EntryFacts
    },
    layoutOf(folder) {
      const known = layouts.get(folder)
      if (known !== undefined) return known
      const layout = layOut([...members.of(folder)].map((id) => items.get(id) as EntryFacts))
      layouts.set(folder, layout)
      return layout
    },
    isTrashed(id) {
      if (items.get(id)?.trashedMs !== undefined) return true
      for (const folder of upwards(id)) if (items.get(folder)?.trashedMs !== undefined) return true
      return false
    },
    isBelow(id, folder) {
      for (const above of upwards(id)) if (above === folder) return true
      return false
    },
  }
}

function layOut(all: readonly EntryFacts[]): Layout {
  const live = all.filter(({ trashedMs }) => trashedMs === undefined)
  const byGiven = new Map<string, EntryFacts[]>()
  for (const facts of live) {
    const same = byGiven.get(facts.name)
    if (same === undefined) byGiven.set(facts.name, [facts])
    else same.push(facts)
  }
  const crowded = [...byGiven.values()].filter(({ length }) => length > 1).flat()
  const shown = shownNames(crowded, (name) => byGiven.has(name))
  const keyed = live.map((facts) => {
    const name = shown.get(toHex(facts.id))?.shown ?? facts.name
    return { facts, name, key: nameKey(name), isFile: facts.kind === folderKind ? 0 : 1 }
  })
  keyed.sort(
    (a, b) =>
      a.isFile - b.isFile ||
      compareText(a.key, b.key) ||
      compareText(a.name, b.name) ||
      compareBytes(a.facts.id, b.facts.id),
  )
  return { order: keyed.map(({ facts }) => facts), shown, byGiven }
}

type MultiMap = {
  add(key: string, value: string): void
  remove(key: string, value: string): void
  of(key: string): Iterable<string>
}

function createMultiMap(): MultiMap {
  const sets = new Map<string, Set<string>>()
  return {
    add(key, value) {
      const set = sets.get(key)
      if (set === undefined) sets.set(key, new Set([value]))
      else set.add(value)
    },
    remove(key, value) {
      const set = sets.get(key)
      if (set?.delete(value) && set.size === 0) sets.delete(key)
    },
    of: (key) => sets.get(key) ?? [],
  }
}
