import type { Entry, Page, View } from '@anarq/qindex'
import { applyRecords } from './apply.ts'
import { findHidden, folderNum, homesOf } from './folders.ts'
import { createLedger } from './ledger.ts'
import { carriersOf, settleNames } from './names.ts'
import { keyOf, readById, readByNum } from './rows.ts'
import { count, search } from './search.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import { readPage } from './sql.ts'
import { openStore, type Store } from './store.ts'
import { settleSearch } from './text-index.ts'

export type SqliteViewOptions = {
  /** The size from which a view that was loaded is moved to memory of its own when it is next written to. */
  readonly loadedBytesMax?: number
  /** Larger ones are not worth saving: SQLite gives nothing of 2 GiB at once. The one that was saved last is caught up with instead. */
  readonly savedBytesMax?: number
}

export type SqliteView = View &
  Required<Pick<View, 'clear' | 'snapshot' | 'isWorthSaving' | 'load'>> & {
    /**
     * Indexes the words of at most about so many entries that came or changed, and returns how many are left. The
     * next search does all that is left itself; whoever has idle time can take it off that search.
     */
    prepareSearch(entriesMax: number): number
  }

/**
 * A `View` in a SQLite database in memory, about 570 bytes a record. Nothing of it touches a disk: `snapshot` gives
 * the bytes to seal and keep. Names are settled when the view is next read and texts are indexed at the next search,
 * so that writing many records pays for neither.
 */
export function createSqliteView({
  loadedBytesMax = 768 * 1024 * 1024,
  savedBytesMax = 1900 * 1024 * 1024,
}: SqliteViewOptions = {}): SqliteView {
  const openEmpty = () => openStore({ ledger: createLedger(), loadedBytesMax })
  let store = openEmpty()
  let hiddenFolders: ReadonlySet<number> | undefined
  const hidden = () => (hiddenFolders ??= findHidden(store))
  const isHidden = (home: number) => hidden().has(home)
  const settled = (): Store => {
    settleNames(store)
    return store
  }
  const restart = (next: Store) => {
    store.close()
    store = next
    hiddenFolders = undefined
  }
  return {
    root: () => store.ledger.root,
    apply(records, newRoot) {
      if (applyRecords(store, records, newRoot)) hiddenFolders = undefined
    },
    entry: (id) => readById(settled(), id, isHidden),
    children(parent, page) {
      return childNums(settled(), parent, page).map((num) => readByNum(store, num, isHidden))
    },
    childByName(parent, name) {
      return numsByName(settled(), parent, name).map((num) => readByNum(store, num, isHidden))
    },
    search: (query) => search(settled(), query, hidden).map((num): Entry => readByNum(store, num, isHidden)),
    count: (query = {}) => count(settled(), query, hidden),
    clear: () => restart(openEmpty()),
    prepareSearch: (entriesMax) => settleSearch(store, entriesMax),
    snapshot() {
      const bytes = writeSnapshot(settled())
      store.unsavedRows = 0
      return bytes
    },
    isWorthSaving: () =>
      store.unsavedRows * savingShare > store.ledger.nextNum && store.bytes() <= savedBytesMax,
    load(bytes) {
      const loaded = readSnapshot(bytes, loadedBytesMax)
      restart(loaded ?? openEmpty())
      return loaded !== undefined
    },
    close: () => store.close(),
  }
}

/** To take in a row or to list its words takes some twenty times what a saved one does; a save weighs once more on the disk. */
const savingShare = 50

function childNums(store: Store, parent: Uint8Array | null, page: Page = {}): number[] {
  const folder = folderNum(store, parent)
  if (folder === undefined) return []
  const { limit, offset } = readPage(page)
  const homes = homesOf(store, folder)
  const rows =
    homes.length === 1
      ? store.rows(childrenOfOne, folder, limit, offset)
      : store.rows(childrenOfMany, JSON.stringify(homes), limit, offset)
  return rows.map(([num]) => num as number)
}

const childOrder = `section < 2
  ORDER BY section, coalesce(shown_key, key), coalesce(shown, name), id LIMIT ? OFFSET ?`
const childrenOfOne = `SELECT num FROM entries INDEXED BY by_folder WHERE home = ? AND ${childOrder}`
const childrenOfMany = `SELECT num FROM entries INDEXED BY by_folder
  WHERE home IN (SELECT value FROM json_each(?)) AND ${childOrder}`

function numsByName(store: Store, parent: Uint8Array | null, name: string): number[] {
  const folder = folderNum(store, parent)
  if (folder === undefined) return []
  const given = carriersOf(store, folder, name).map(({ num }) => num)
  if (given.length > 0) return given
  for (const home of homesOf(store, folder)) {
    const [numbered] = store.row(byShownName, home, keyOf(name), name) ?? []
    if (numbered !== undefined) return [numbered as number]
  }
  return []
}

const byShownName = `SELECT num FROM entries INDEXED BY by_folder
  WHERE home = ? AND section IN (0, 1) AND coalesce(shown_key, key) = ? AND shown = ?`
