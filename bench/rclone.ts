/** The judge that people copy files with today, and what it takes to start one of its servers. */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Throws a sentence for people where it is not to be had. */
export function findRclone(): string {
  const judge = fileURLToPath(new URL('../tools/judge.ts', import.meta.url))
  const found = JSON.parse(execFileSync(process.execPath, [judge, 'rclone'], { encoding: 'utf8' })) as
    | { folder: string }
    | { missing: string }
  if ('missing' in found) throw new Error(found.missing)
  return join(found.folder, 'rclone')
}

/** A password as its configuration wants it. */
export function obscured(rclone: string, password: string): string {
  return execFileSync(rclone, ['obscure', '-'], { input: password, encoding: 'utf8' }).trim()
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
