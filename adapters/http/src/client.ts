/** The other end of a node's socket: its operations, for a process of the same user. It loads fast: no server, no cryptography. */
import { existsSync } from 'node:fs'
import type { Reached } from './client/reach.ts'
import { socketOf } from './socket.ts'

export type { Reached }

/** The node that runs in this home folder, or `undefined` where none does. Without a socket there nothing more is loaded. */
export async function reachNode(home: string): Promise<Reached | undefined> {
  const socket = socketOf(home)
  // Whether there is a pipe on Windows is only known by opening it.
  if (process.platform !== 'win32' && !existsSync(socket)) return undefined
  const { reachSocket } = await import('./client/reach.ts')
  return reachSocket(socket)
}
