import { fileURLToPath } from 'node:url'
import { openHttpDoor } from '@anarq/http'
import type { Node } from './node.ts'

export type ServeOptions = { port: number; host: string }
export type Served = { readonly address: string; close(): Promise<void> }

/** Opens the doors: the port for signed requests, and the socket in the home folder for this machine's user. */
export async function serveNode(
  { kernel, operations, feed, home, packs }: Node,
  { port, host }: ServeOptions,
): Promise<Served> {
  const desktop = fileURLToPath(new URL('../../desktop/dist', import.meta.url))
  const { blocks, stats } = packs
  return openHttpDoor({ kernel, operations, feed, blocks, stats, port, host, socket: home.socket, desktop })
}
