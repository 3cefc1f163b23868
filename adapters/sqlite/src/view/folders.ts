import { fromHex, toHex } from '@anarq/bytes'
import { findCycleCuts, folderKind, type Placement } from '@anarq/qindex'
import { touch, touchAll } from './ledger.ts'
import type { Store } from './store.ts'

export const rootHome = 0

/** The number of the folder that a record says it lies in; one that is not there gets a number to be known by. */
export function homeOf(store: Store, parent: Uint8Array): number {
  const { homes } = store
  const hex = toHex(parent)
  const known = homes.get(hex)
  if (known !== undefined) return known
  const num = findHome(store, parent, hex)
  if (homes.size >= homesMax) homes.clear()
  homes.set(hex, num)
  return num
}

const homesMax = 20_000

/** The folder of this number came, or is no folder any more: what lies in it is shown elsewhere now. */
export function haunt(store: Store, hex: string, num: number, isFolder: boolean): void {
  const { ghosts } = store.ledger
  if (ghosts.has(hex) !== isFolder) return
  if (isFolder) ghosts.delete(hex)
  else ghosts.set(hex, num)
  touchAll(store.ledger, num)
  touchAll(store.ledger, rootHome)
}

/** The numbers under which the things of a folder are kept: those of folders that are not there belong to the root. */
export function homesOf({ ledger }: Store, folder: number): number[] {
  return folder === rootHome ? [rootHome, ...ledger.ghosts.values()] : [folder]
}

/** Where a thing with this `home` is shown. */
export function placeOf(ghosts: ReadonlySet<number>, home: number): number {
  return ghosts.has(home) ? rootHome : home
}

/** The number of a folder that is there; undefined for anything else. */
export function folderNum(store: Store, id: Uint8Array | null): number | undefined {
  if (id === null) return rootHome
  const found = store.row('SELECT num, kind FROM entries WHERE id = ?', id)
  return found?.[1] === folderKind ? (found[0] as number) : undefined
}

/** After folders were written: lifts those to the root folder that close a cycle, and puts back those that no longer do. */
export function cutCycles(store: Store, written: Iterable<string>): void {
  const before = store.ledger.cuts
  const starts = new Set([...before, ...written])
  if (starts.size === 0) return
  const cuts = new Set(findCycleCuts(starts, (hex) => placementOf(store, hex)))
  for (const hex of before) if (!cuts.has(hex)) rehome(store, hex, false)
  for (const hex of cuts) rehome(store, hex, true)
  store.ledger.cuts = cuts
}

/** Folders that are in the trash or below something there. */
export function findHidden(store: Store): Set<number> {
  const found = store.rows(
    `WITH RECURSIVE hidden (num) AS (
      SELECT num FROM entries INDEXED BY trashed_folders WHERE section = 2 AND kind = 'folder'
      UNION SELECT e.num FROM hidden JOIN entries e INDEXED BY by_folder ON e.home = hidden.num AND e.section = 0
    ) SELECT num FROM hidden`,
  )
  return new Set(found.map(([num]) => num as number))
}

/** A folder and the folders below it. */
export function findBelow(store: Store, folder: number): number[] {
  const found = store.rows(
    `WITH RECURSIVE below (num) AS (
      SELECT ?
      UNION SELECT e.num FROM below JOIN entries e INDEXED BY by_folder
        ON e.home = below.num AND e.section IN (0, 2) AND e.kind = 'folder'
    ) SELECT CAST(num AS INTEGER) FROM below`,
    folder,
  )
  return found.map(([num]) => num as number)
}

function placementOf(store: Store, hex: string): Placement | undefined {
  const own = store.row('SELECT coalesce(asks, home), moved FROM entries WHERE id = ?', fromHex(hex))
  if (own === undefined) return undefined
  const [home, moved] = own
  const parent =
    typeof home === 'number' && home !== rootHome
      ? store.row('SELECT id, kind FROM entries WHERE num = ?', home)
      : undefined
  return {
    parent: parent?.[1] === folderKind ? toHex(parent[0] as Uint8Array) : undefined,
    moved: (moved as string | null) ?? '',
  }
}

function rehome(store: Store, hex: string, isCut: boolean): void {
  const id = fromHex(hex)
  const own = store.row('SELECT home, asks, name FROM entries WHERE id = ?', id)
  if (own === undefined) return
  const [home, asks, name] = own as [number | null, number | null, string]
  if (home === null || isCut === (asks !== null)) return
  const [newHome, newAsks] = isCut ? [rootHome, home] : [asks ?? rootHome, null]
  store.run(setHome, newHome, newAsks, id)
  touch(store.ledger, home, name)
  touch(store.ledger, newHome, name)
}

const setHome =
  'UPDATE entries SET home = ?, asks = ?, shown = NULL, shown_key = NULL, rival = NULL WHERE id = ?'

function findHome(store: Store, parent: Uint8Array, hex: string): number {
  const { ledger } = store
  const ghost = ledger.ghosts.get(hex)
  if (ghost !== undefined) return ghost
  const known = store.row('SELECT num, kind FROM entries WHERE id = ?', parent)
  if (known?.[1] === folderKind) return known[0] as number
  const num = known === undefined ? ledger.nextNum++ : (known[0] as number)
  ledger.ghosts.set(hex, num)
  return num
}
