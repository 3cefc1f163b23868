import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '@anarq/fault'
import { isDamage, sqliteCodeOf, sqliteCodes } from './sqlite-codes.ts'

export type Lock = Disposable & { readonly path: string }

/**
 * One owner at a time: an exclusive transaction on a file of its own, which writes nothing, so that it needs no room on the disk. The lock belongs to the process (fcntl), so it
 * ends with it, however it ends; the process number stands beside it in `<path>.pid`, for people. Throws `busy.home`
 * while somebody holds it, this process included, and `unavailable.home` where the file cannot be made.
 */
export function holdLock(path: string): Lock {
  const db = openExclusive(path)
  noteHolder(path)
  return {
    path,
    [Symbol.dispose]() {
      if (!db.isOpen) return
      rmSync(`${path}.pid`, { force: true })
      db.close()
    },
  }
}

function openExclusive(path: string): DatabaseSync {
  try {
    return tryExclusive(path)
  } catch (error) {
    if (!isDamage(error)) throw faultOf(error, path)
  }
  // Whoever holds the lock is asked before the file is read, so a damaged one is nobody's. It is emptied in place:
  // were it replaced, two processes that find it damaged at once could each lock a file of their own.
  try {
    truncateSync(path)
    return tryExclusive(path)
  } catch (error) {
    throw faultOf(error, path)
  }
}

function tryExclusive(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // Nothing is ever committed: there is nothing to go back to, and no journal beside it.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function faultOf(cause: unknown, path: string): Fault {
  if (sqliteCodeOf(cause) === sqliteCodes.busy) {
    const message = `This folder is in use by another AnarQ${holderOf(path)}. Stop that one, or use another folder with --home.`
    return new Fault('busy.home', message, { cause })
  }
  const message = `The lock ${path} cannot be opened. Check that its folder is there and can be written to.`
  return new Fault('unavailable.home', message, { cause })
}

function noteHolder(path: string): void {
  try {
    writeFileSync(`${path}.pid`, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    // Who holds it is a courtesy; that it is held is what counts.
  }
}

function holderOf(path: string): string {
  try {
    const holder = readFileSync(`${path}.pid`, 'utf8').trim()
    // On a full disk the file is there and empty.
    return holder === '' ? '' : ` (process ${holder})`
  } catch {
    return ''
  }
}
