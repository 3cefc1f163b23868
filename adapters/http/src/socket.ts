import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The socket of a home, as `openHome` of `@anarq/files` has it; a pipe of the same standing on Windows. */
export function socketOf(home: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32'
    ? `\\\\.\\pipe\\anarq-${Buffer.from(home).toString('hex').slice(-40)}`
    : join(home, 'node.sock')
}

/** The process that has the home, as `holdLock` of `@anarq/sqlite` notes it. */
export function holderOf(home: string): string | undefined {
  try {
    const pid = readFileSync(join(home, 'lock.db.pid'), 'utf8').trim()
    // On a full disk the file is there and empty.
    return pid === '' ? undefined : pid
  } catch {
    return undefined
  }
}
