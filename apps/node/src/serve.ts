import { openHttpDoor } from '@anarq/http'
import type { Node } from './node.ts'

export type ServeOptions = { port: number; host: string }
export type Served = { readonly address: string; close(): Promise<void> }

/** Opens the doors: the port for signed requests, and the socket in the home folder for this machine's user. */
export async function serveNode(
  { kernel, home, packs }: Node,
  { port, host }: ServeOptions,
): Promise<Served> {
  return openHttpDoor({ kernel, blocks: packs.blocks, stats: packs.stats, port, host, socket: home.socket })
}
