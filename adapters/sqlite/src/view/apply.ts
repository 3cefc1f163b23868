import { toHex } from '@anarq/bytes'
import { describeRecord, type EntryFacts, folderKind, type IndexRecord } from '@anarq/qindex'
import { cutCycles, haunt, homeOf, rootHome } from './folders.ts'
import { touch } from './ledger.ts'
import { factColumns, factsToValues } from './rows.ts'
import type { Store } from './store.ts'

/** Writes records in the place of what was there. True when the folders, or what is in the trash of them, may have changed. */
export function applyRecords(
  store: Store,
  records: readonly IndexRecord[],
  root: Uint8Array | undefined,
): boolean {
  const { ledger } = store
  const [ghosts, cuts] = [new Map(ledger.ghosts), ledger.cuts]
  const folders = new Set<string>()
  try {
    store.atomically(() => {
      for (const record of records) take(store, describeRecord(record), folders)
      cutCycles(store, folders)
    })
  } catch (error) {
    Object.assign(ledger, { ghosts, cuts })
    store.homes.clear()
    throw error
  }
  ledger.root = root
  store.unsavedRows += records.length
  return folders.size > 0
}

/** Notes the ids of records that are, or were, folders. */
function take(store: Store, facts: EntryFacts, folders: Set<string>): void {
  const { ledger } = store
  const { parent } = facts
  const home = parent === undefined ? null : parent === null ? rootHome : homeOf(store, parent)
  const values = factsToValues(facts)
  const isFolder = facts.kind === folderKind
  const hex = isFolder || ledger.ghosts.size > 0 ? toHex(facts.id) : ''
  let num = ledger.ghosts.get(hex) ?? ledger.nextNum
  let wasFolder = false
  if (store.run(insertRow, num, home, ...values) > 0) {
    if (num === ledger.nextNum) ledger.nextNum += 1
  } else {
    const before = store.row('SELECT num, kind, home, name FROM entries WHERE id = ?', facts.id) as Before
    num = before[0]
    wasFolder = before[1] === folderKind
    if (before[2] !== null) touch(ledger, before[2], before[3])
    store.run(updateRow, home, ...values, num)
  }
  if (num <= ledger.indexedTo) ledger.stale.add(num)
  if (home !== null) touch(ledger, home, facts.name)
  if (isFolder || wasFolder) {
    const own = hex === '' ? toHex(facts.id) : hex
    folders.add(own)
    if (isFolder !== wasFolder) haunt(store, own, num, isFolder)
  }
}

type Before = [num: number, kind: string, home: number | null, name: string]

const insertRow = `INSERT OR IGNORE INTO entries (num, home, ${factColumns.join(', ')})
  VALUES (?, ?, ${factColumns.map(() => '?').join(', ')})`
const updateRow = `UPDATE entries SET home = ?, ${factColumns.map((name) => `${name} = ?`).join(', ')},
  asks = NULL, shown = NULL, shown_key = NULL, rival = NULL WHERE num = ?`
