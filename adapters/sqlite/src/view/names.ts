import { fromHex, toHex } from '@anarq/bytes'
import { comparePlaced, type Named, shownNames } from '@anarq/qindex'
import { homesOf, placeOf, rootHome } from './folders.ts'
import { touch, touchAll } from './ledger.ts'
import { keyOf } from './rows.ts'
import type { Store } from './store.ts'

/** Brings the shown names up to date where several carry one name. Done when the view is read, not when it is written. */
export function settleNames(store: Store): void {
  const { ledger } = store
  if (store.need('folders')) touchRepeated(store)
  if (ledger.touched.size === 0) return
  const ghosts = new Set(ledger.ghosts.values())
  const places = new Map<number, Set<string> | 'all'>()
  for (const [home, names] of ledger.touched) {
    const place = placeOf(ghosts, home)
    const known = places.get(place)
    if (known === undefined || names === 'all') places.set(place, names)
    else if (known !== 'all') places.set(place, known.union(names))
  }
  // What a folder that is gone has left behind is the root folder's now.
  for (const home of ledger.touched.keys()) if (ghosts.has(home)) ledger.crowds.delete(home)
  store.atomically(() => {
    for (const [place, names] of places) settlePlace(store, place, names)
  })
  ledger.touched.clear()
}

type Carrier = Named & { readonly num: number }

/** Those in a folder and not in the trash that were given this name, in the order in which they came to it. */
export function carriersOf(store: Store, place: number, name: string): Carrier[] {
  const key = keyOf(name)
  const found: Carrier[] = []
  for (const home of homesOf(store, place)) {
    const rows = store.rows(carriersByKey, home, key, name)
    if (store.ledger.isRenamed) rows.push(...store.rows(carriersRenamed, home, name))
    for (const [num, id, placed] of rows as [number, Uint8Array, string][])
      found.push({ num, id, name, placed })
  }
  return found.length > 1 ? found.sort(comparePlaced) : found
}

const carriersByKey = `SELECT num, id, placed FROM entries INDEXED BY by_folder
  WHERE home = ? AND section IN (0, 1) AND coalesce(shown_key, key) = ? AND name = ? AND shown IS NULL`
const carriersRenamed = `SELECT num, id, placed FROM entries INDEXED BY renamed
  WHERE shown IS NOT NULL AND home = ? AND name = ? AND section < 2`

function settlePlace(store: Store, place: number, names: Set<string> | 'all'): void {
  const { crowds } = store.ledger
  const before = crowds.get(place)
  const toCount = names === 'all' ? new Set([...(before ?? []), ...repeatedNames(store, place)]) : names
  const now = new Set(before)
  for (const name of toCount) {
    if (carriersOf(store, place, name).length > 1) now.add(name)
    else now.delete(name)
  }
  if (now.size > 0) crowds.set(place, now)
  else crowds.delete(place)
  const isConcerned = (name: string) => before?.has(name) || now.has(name) || numbered.test(name)
  const mayShow = now.size > 0 || before !== undefined || names === 'all'
  if (mayShow && (names === 'all' || names.values().some(isConcerned))) renumber(store, place, now)
}

/** What `shownNames` may give to the younger ones ends like this. */
const numbered = / \(\d+\)(\.[A-Za-z0-9]{1,16})?$/

/** Every name that is carried twice in a folder, and some that are not. Those shown under another name stand apart in the index. */
function repeatedNames(store: Store, place: number): string[] {
  const found = store.rows(
    `WITH homes (home) AS (SELECT value FROM json_each(?)),
    keys (key) AS (
      SELECT coalesce(shown_key, key) FROM homes CROSS JOIN entries e INDEXED BY by_folder
        ON e.home = homes.home AND e.section IN (0, 1) GROUP BY coalesce(shown_key, key) HAVING count(*) > 1)
    SELECT name FROM homes CROSS JOIN keys CROSS JOIN entries e INDEXED BY by_folder
      ON e.home = homes.home AND e.section IN (0, 1) AND coalesce(e.shown_key, e.key) = keys.key
    UNION SELECT name FROM homes CROSS JOIN entries e INDEXED BY renamed
      ON e.home = homes.home AND e.shown IS NOT NULL`,
    JSON.stringify(homesOf(store, place)),
  )
  return found.map(([name]) => name as string)
}

/** Writes the shown names of a folder that differ from what stands there. */
function renumber(store: Store, place: number, crowded: ReadonlySet<string>): void {
  const carriers = [...crowded].flatMap((name) => carriersOf(store, place, name))
  const numOf = new Map(carriers.map(({ id, num }) => [toHex(id), num]))
  const shown = shownNames(carriers, (name) => carriersOf(store, place, name).length > 0)
  for (const home of homesOf(store, place)) {
    const rows = store.rows(
      'SELECT num, id FROM entries INDEXED BY renamed WHERE shown IS NOT NULL AND home = ?',
      home,
    )
    for (const [num, id] of rows) {
      if (!shown.has(toHex(id as Uint8Array))) store.run(clearShown, num as number)
    }
  }
  if (shown.size > 0) store.ledger.isRenamed = true
  for (const [hex, { shown: name, conflictOf }] of shown) {
    store.run(setShown, name, keyOf(name), numOf.get(toHex(conflictOf)) ?? null, fromHex(hex))
  }
}

const clearShown = 'UPDATE entries SET shown = NULL, shown_key = NULL, rival = NULL WHERE num = ?'
const setShown = 'UPDATE entries SET shown = ?, shown_key = ?, rival = ? WHERE id = ?'

/** For the first time: every name that is carried twice in one folder. */
function touchRepeated(store: Store): void {
  if (store.ledger.ghosts.size > 0) touchAll(store.ledger, rootHome)
  const found = store.rows(
    `WITH keys (home, key) AS (
      SELECT home, coalesce(shown_key, key) FROM entries INDEXED BY by_folder WHERE home IS NOT NULL AND section < 2
      GROUP BY home, section, coalesce(shown_key, key) HAVING count(*) > 1
      UNION SELECT f.home, f.key FROM entries f INDEXED BY by_folder CROSS JOIN entries e INDEXED BY by_folder
        ON e.home = f.home AND e.section = 1 AND coalesce(e.shown_key, e.key) = f.key
        WHERE f.home IS NOT NULL AND f.section = 0)
    SELECT e.home, e.name FROM keys CROSS JOIN entries e INDEXED BY by_folder
      ON e.home = keys.home AND e.section IN (0, 1) AND coalesce(e.shown_key, e.key) = keys.key
    GROUP BY e.home, e.name HAVING count(*) > 1`,
  )
  for (const [home, name] of found) touch(store.ledger, home as number, name as string)
}
