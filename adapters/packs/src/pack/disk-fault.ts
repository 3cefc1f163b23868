import { formatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'

const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL']
/** https://sqlite.org/rescode.html */
const sqliteFull = 13
const sqliteWriteFailed = 778
const permissionCodes: readonly string[] = ['EACCES', 'EPERM', 'EROFS']

/**
 * What the operating system said, as a `Fault`: `unavailable.full`, `.permission` or `.disk`. `doing` completes "… while", and
 * `bytes` are those that were to be written.
 */
export function asDiskFault(thrown: unknown, doing: string, bytes?: number): Fault {
  if (thrown instanceof Fault) return thrown
  const code = codeOf(thrown)
  const options = { cause: thrown, data: { code } }
  if (fullCodes.includes(code)) {
    return new Fault(
      'unavailable.full',
      `The disk became full while ${doing}${bytes === undefined ? '' : `, which takes ${formatBytes(bytes)} more`}. What was stored before is safe; make room and try again.`,
      { ...options, data: { ...options.data, ...(bytes === undefined ? {} : { needBytes: bytes }) } },
    )
  }
  if (permissionCodes.includes(code)) {
    return new Fault(
      'unavailable.permission',
      `The system did not let AnarQ go on while ${doing}. Check who owns the folder and that the disk is not read-only.`,
      options,
    )
  }
  return new Fault(
    'unavailable.disk',
    `The disk did not do its part while ${doing} (${code}). Check the disk and its cable, then start AnarQ again.`,
    options,
  )
}

/** SQLITE_FULL, and SQLITE_IOERR_WRITE, which is the end of a quota: nothing is wrong with what is there. */
export function isFullDisk(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
  return (code & 0xff) === sqliteFull || code === sqliteWriteFailed
}

/** The system's own code, as `ENOENT`; `unknown` for what carries none. */
export function codeOf(thrown: unknown): string {
  if (thrown instanceof Error && 'errcode' in thrown && thrown.errcode === sqliteFull) return 'SQLITE_FULL'
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code
  return 'unknown'
}
