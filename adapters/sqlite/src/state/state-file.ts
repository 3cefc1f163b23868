import { closeSync, openSync, rmSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Fault } from '@anarq/fault'
import { isDamage, sqliteCodes } from '../sqlite-codes.ts'

/** A database that makes itself anew when it is damaged. One statement at a time, each a transaction. */
export type StateFile = {
  /** Gives the number of rows written. */
  run(text: string, ...values: SQLInputValue[]): number
  /** The column `value` of the first row. */
  value(text: string, ...values: SQLInputValue[]): unknown
  close(): void
}

export function openStateFile(path: string, onFault: (fault: Fault) => void): StateFile {
  const statements = new Map<string, StatementSync>()
  let db = guarded(path, () => {
    try {
      return openDatabase(path)
    } catch (error) {
      return replace(error)
    }
  })

  function replace(cause: unknown): DatabaseSync {
    if (!isDamage(cause)) throw cause
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(path + end, { force: true })
    const message = `The file ${path} was damaged and has been made anew. It held only what can be missed: nothing needs to be done.`
    onFault(new Fault('damaged.state', message, { cause }))
    return openDatabase(path)
  }

  function prepare(text: string): StatementSync {
    const known = statements.get(text)
    if (known !== undefined) return known
    const made = db.prepare(text)
    statements.set(text, made)
    return made
  }

  function attempt<T>(work: () => T): T {
    return guarded(path, () => {
      try {
        return work()
      } catch (error) {
        if (!isDamage(error)) throw error
        db.close()
        statements.clear()
        db = replace(error)
        return work()
      }
    })
  }

  return {
    run: (text, ...values) => attempt(() => Number(prepare(text).run(...values).changes)),
    value: (text, ...values) => attempt(() => prepare(text).get(...values)?.value),
    close() {
      statements.clear()
      if (db.isOpen) db.close()
    },
  }
}

const schemaVersion = 1
const schema = `
  CREATE TABLE nonces (key TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX nonces_by_until ON nonces (until);
  CREATE TABLE entries (num INTEGER PRIMARY KEY AUTOINCREMENT, cache TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL, until INTEGER NOT NULL, UNIQUE (cache, key));
  CREATE INDEX entries_by_cache ON entries (cache);
  PRAGMA user_version = ${schemaVersion};`

function openDatabase(path: string): DatabaseSync {
  // Made here, because SQLite would let everybody read it.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304')
    if (db.prepare('PRAGMA quick_check(1)').get()?.quick_check !== 'ok') throw new DamagedFile()
    const version = db.prepare('PRAGMA user_version').get()?.user_version
    if (version === schemaVersion) return db
    // Of another version, or of none yet: what it holds may be lost.
    db.exec(`BEGIN; DROP TABLE IF EXISTS nonces; DROP TABLE IF EXISTS entries; ${schema} COMMIT`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** What SQLite would throw when it comes upon the damage. */
class DamagedFile extends Error {
  override readonly name: string = 'DamagedFile'
  readonly errcode: number = sqliteCodes.corrupt
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    const message = `The file ${path} cannot be used. Check that the disk has room and that the folder can be written to.`
    throw new Fault('unavailable.state', message, { cause })
  }
}
