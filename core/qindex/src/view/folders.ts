import { compareBytes, concatBytes, fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import { idBytes } from '../record/record.ts'

export const nameBytesMax = 255

/**
 * A name as it is kept: NFC, 1 to 255 bytes in UTF-8, without `/` and NUL, not `.` or `..`. Every name from
 * outside goes through here; any other is `invalid.name`.
 */
export function checkName(name: string): string {
  const kept = typeof name === 'string' ? name.normalize('NFC') : ''
  const problem = problemOf(kept)
  if (problem === undefined) return kept
  throw new Fault('invalid.name', `This name cannot be used: ${problem}. Choose another.`)
}

export function isName(name: string): boolean {
  return name.normalize('NFC') === name && problemOf(name) === undefined
}

/**
 * The id of a folder made under this name in this folder (`null`: the root folder): the same on every device, so
 * that a folder made on two of them apart is one. `attempt` counts the folders that were made here before and have
 * since been moved, renamed or put into the trash.
 */
export function deriveFolderId(
  secret: Uint8Array,
  parent: Uint8Array | null,
  name: string,
  attempt: number = 0,
): Uint8Array {
  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, attempt)
  const place = concatBytes(parent ?? new Uint8Array(idBytes), count)
  return primitives.blake3Keyed(secret, place, fromUtf8(name)).subarray(0, idBytes)
}

/** What decides who keeps a name in a folder. */
export type Named = {
  readonly id: Uint8Array
  readonly name: string
  /** `stampKey` of when it came to carry this name in this folder. */
  readonly placed: string
}

/** Who came to the name first, first. */
export function comparePlaced(a: Named, b: Named): number {
  if (a.placed !== b.placed) return a.placed < b.placed ? -1 : 1
  return compareBytes(a.id, b.id)
}

/**
 * The names to show in one folder where several things carry the same: the first to come keeps it, the next are
 * "name (2).ext", "name (3).ext", …, past names that others really carry. `crowded` holds everything whose name
 * is carried twice or more, `isCarried` knows all given names of the folder. The same on every replica.
 */
export function shownNames(
  crowded: readonly Named[],
  isCarried: (name: string) => boolean,
): ReadonlyMap<string, { readonly shown: string; readonly conflictOf: Uint8Array }> {
  const byName = new Map<string, Named[]>()
  for (const named of [...crowded].sort(comparePlaced)) {
    const group = byName.get(named.name)
    if (group === undefined) byName.set(named.name, [named])
    else group.push(named)
  }
  const shown = new Map<string, { shown: string; conflictOf: Uint8Array }>()
  const used = new Set<string>()
  for (const name of [...byName.keys()].sort()) {
    const [first, ...younger] = byName.get(name) as [Named, ...Named[]]
    let number = 1
    for (const { id } of younger) {
      let candidate: string
      do {
        number += 1
        candidate = numberedName(name, number)
      } while (isCarried(candidate) || used.has(candidate))
      used.add(candidate)
      shown.set(toHex(id), { shown: candidate, conflictOf: first.id })
    }
  }
  return shown
}

/** "name.ext" and 2 make "name (2).ext", cut where it would be too long. */
export function numberedName(name: string, number: number): string {
  const found = /\.[A-Za-z0-9]{1,16}$/.exec(name)
  const extension = found !== null && found.index > 0 ? found[0] : ''
  const suffix = ` (${number})${extension}`
  const room = nameBytesMax - fromUtf8(suffix).length
  let stem = name.slice(0, name.length - extension.length)
  while (fromUtf8(stem).length > room || !stem.isWellFormed()) stem = stem.slice(0, -1)
  return stem + suffix
}

/** A folder's own word on where it lies. Keys are any text that names one folder. */
export type Placement = {
  /** Undefined for the root folder, or where that folder is not known. */
  readonly parent: string | undefined
  /** `stampKey` of the move that said so. */
  readonly moved: string
}

/**
 * The folders to lift to the root folder, because moves made apart have closed a cycle: in each cycle the one that
 * was moved last. Every folder then hangs from the root, and nothing is lost. Only cycles that can be reached
 * from `starts` are looked for.
 */
export function findCycleCuts(
  starts: Iterable<string>,
  placementOf: (folder: string) => Placement | undefined,
): ReadonlySet<string> {
  const cuts = new Set<string>()
  const settled = new Set<string>()
  for (const start of starts) {
    const path: string[] = []
    const onPath = new Set<string>()
    let at: string | undefined = start
    while (at !== undefined && !settled.has(at) && !onPath.has(at)) {
      path.push(at)
      onPath.add(at)
      at = placementOf(at)?.parent
    }
    if (at !== undefined && onPath.has(at)) cuts.add(lastMoved(path.slice(path.indexOf(at)), placementOf))
    for (const folder of path) settled.add(folder)
  }
  return cuts
}

function lastMoved(cycle: readonly string[], placementOf: (folder: string) => Placement | undefined): string {
  let [last] = cycle as [string, ...string[]]
  for (const folder of cycle) {
    const [a, b] = [placementOf(folder)?.moved ?? '', placementOf(last)?.moved ?? '']
    if (a > b || (a === b && folder > last)) last = folder
  }
  return last
}

function problemOf(name: string): string | undefined {
  if (name.length === 0) return 'it is empty'
  if (!name.isWellFormed()) return 'it holds broken characters'
  if (name === '.' || name === '..') return 'it means a folder'
  if (name.includes('/')) return 'it holds a slash'
  if (name.includes('\0')) return 'it holds a NUL character'
  if (3 * name.length > nameBytesMax && fromUtf8(name).length > nameBytesMax)
    return `it is longer than ${nameBytesMax} bytes`
  return undefined
}
