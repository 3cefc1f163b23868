/** The other end of a node's socket: its operations, for a process of the same user. It loads fast: no server, no cryptography. */
import { existsSync } from 'node:fs'
import type { Reached, ReachOptions } from './client/reach.ts'
import { holderOf, socketOf } from './socket.ts'

export type { Reached, ReachOptions }

/**
 * The node that runs in this home folder, or `undefined` where none does. Without a socket there nothing more is loaded. One that gives
 * no sign of life is `unavailable.node`.
 */
export async function reachNode(
  home: string,
  options: Omit<ReachOptions, 'holder'> = {},
): Promise<Reached | undefined> {
  const socket = socketOf(home)
  // Whether there is a pipe on Windows is only known by opening it.
  if (process.platform !== 'win32' && !existsSync(socket)) return undefined
  const { reachSocket } = await import('./client/reach.ts')
  return reachSocket(socket, { ...options, holder: () => holderOf(home) })
}
