import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import type { Ledger, Part } from './ledger.ts'
import { base, schemas, statementsOf } from './schema.ts'
import type { Sql } from './sql.ts'

/** A row as an array, in the order of the columns asked for. */
export type Row = readonly SQLOutputValue[]

export type Store = {
  readonly ledger: Ledger
  /** Rows that were written or listed by their words since the store was made, loaded or saved. */
  unsavedRows: number
  /** Numbers of folders by id in hexadecimal: a number never changes, so this is only emptied when it is full. */
  readonly homes: Map<string, number>
  /** Writes, and gives the number of rows written. Prepared once for each text, as the next two are. */
  run(text: string, ...values: SQLInputValue[]): number
  row(text: string, ...values: SQLInputValue[]): Row | undefined
  rows(text: string, ...values: SQLInputValue[]): Row[]
  /** For statements that are put together: prepared for this once. */
  ask(statement: Sql): Row[]
  /** Makes tables and indexes that are not there yet; true when it did. */
  need(part: Part): boolean
  /** All or nothing. */
  atomically(work: () => void): void
  /** What `serialize` would give. */
  bytes(): number
  serialize(): Uint8Array
  close(): void
}

export type StoreOptions = {
  readonly ledger: Ledger
  /** Those of a database that `isOwn` has yet to look at; without them it is empty. */
  readonly bytes?: Uint8Array | undefined
  /** SQLite lets a database that was loaded from bytes grow to 1 GiB; past this it is moved to where it has no limit. */
  readonly loadedBytesMax: number
}

/** Tables in memory. */
export function openStore({ ledger, bytes, loadedBytesMax }: StoreOptions): Store {
  let db = new DatabaseSync(':memory:')
  let isLimited = bytes !== undefined
  if (bytes === undefined) db.exec(`PRAGMA page_size = ${pageBytes}; ${base}`)
  else db.deserialize(bytes)
  // Else SQLite would sort large amounts in files, in the clear.
  db.exec('PRAGMA temp_store = MEMORY')
  const prepared = new Map<string, StatementSync>()
  const prepare = (text: string, isWriting = false) => {
    const known = prepared.get(text)
    if (known !== undefined) return known
    const made = db.prepare(text)
    made.setReturnArrays(true)
    // FTS5 leaves row numbers of its own behind that no JavaScript number holds, and a write reports the last one.
    if (isWriting) made.setReadBigInts(true)
    prepared.set(text, made)
    return made
  }
  const bytesNow = (): number => {
    const [pages] = prepare('PRAGMA page_count').get() as unknown as [number]
    return pages * pageBytes
  }
  const makeRoom = () => {
    if (bytesNow() < loadedBytesMax) return
    prepared.clear()
    db = moved(db, ledger)
    isLimited = false
  }
  const atomically = (work: () => void) => {
    if (isLimited) makeRoom()
    db.exec('BEGIN')
    try {
      work()
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
  return {
    ledger,
    unsavedRows: 0,
    homes: new Map(),
    run: (text, ...values) => Number(prepare(text, true).run(...values).changes),
    row: (text, ...values) => prepare(text).get(...values) as unknown as Row | undefined,
    rows: (text, ...values) => prepare(text).all(...values) as unknown as Row[],
    ask({ text, values }) {
      const statement = db.prepare(text)
      statement.setReturnArrays(true)
      return statement.all(...values) as unknown as Row[]
    },
    need(part) {
      if (ledger.parts.has(part)) return false
      atomically(() => db.exec(schemas[part]))
      ledger.parts.add(part)
      return true
    },
    atomically,
    bytes: bytesNow,
    serialize: () => db.serialize(),
    close() {
      if (db.isOpen) db.close()
    },
  }
}

const pageBytes = 8192

/** True when the tables are those that this version makes. */
export function isOwn(store: Store): boolean {
  const found = store
    .rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'search\\_%' ESCAPE '\\'")
    .map(([text]) => text)
  const expected = statementsOf(store.ledger.parts)
  return found.length === expected.length && expected.every((text) => found.includes(text))
}

/** A copy in pages that SQLite allocates one by one. Equal tables without rows are copied as they are, quickly. */
function moved(from: DatabaseSync, { parts }: Ledger): DatabaseSync {
  const to = new DatabaseSync(':memory:')
  // Else the tables that FTS5 keeps could not be written.
  to.enableDefensive(false)
  to.exec(
    `PRAGMA temp_store = MEMORY; PRAGMA page_size = ${pageBytes}; ${base} ${[...parts].map((part) => schemas[part]).join('')}`,
  )
  to.exec("ATTACH ':memory:' AS loaded")
  to.deserialize(from.serialize(), { dbName: 'loaded' })
  from.close()
  const tables = to
    .prepare("SELECT name FROM loaded.sqlite_schema WHERE type = 'table' AND name <> 'search'")
    .all()
  for (const { name } of tables) {
    to.exec(`DELETE FROM main.${name}; INSERT INTO main.${name} SELECT * FROM loaded.${name}`)
  }
  to.exec('DETACH loaded')
  to.enableDefensive(true)
  return to
}
