import { join } from 'node:path'

/** The socket of a home, as `openHome` of `@anarq/files` has it; a pipe of the same standing on Windows. */
export function socketOf(home: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32'
    ? `\\\\.\\pipe\\anarq-${Buffer.from(home).toString('hex').slice(-40)}`
    : join(home, 'node.sock')
}
