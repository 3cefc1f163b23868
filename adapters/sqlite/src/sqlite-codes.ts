/** SQLite's primary result codes that mean something to us (https://www.sqlite.org/rescode.html). */
export const sqliteCodes = { busy: 5, corrupt: 11, notDatabase: 26 } as const

/** The primary result code of what `node:sqlite` threw; undefined for any other error. */
export function sqliteCodeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof code === 'number' ? code & 0xff : undefined
}

/** True when the file is no database, or not the one that was written. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCodeOf(error)
  return code === sqliteCodes.corrupt || code === sqliteCodes.notDatabase
}
