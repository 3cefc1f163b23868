import { statfs } from 'node:fs/promises'
import { systemClock } from '@anarq/clock'
import type { Fault } from '@anarq/fault'
import { openHttpDoor } from '@anarq/http'
import { createWebdav } from '@anarq/webdav'
import type { Node } from './node.ts'

export type ServeOptions = {
  port: number
  host: string
  /** The name by which the outside calls what stands before this node and speaks TLS. */
  behindTls?: string | undefined
  /** Defects of ours, which the answer to a client does not describe. */
  onFault?: ((fault: Fault) => void) | undefined
}
export type Served = { readonly address: string; close(): Promise<void> }

/**
 * Opens the doors: the port for signed requests, with WebDAV for tools below `/dav`, and the socket in the home folder
 * for this machine's user.
 */
export async function serveNode(
  { kernel, home, packs }: Node,
  { port, host, behindTls, onFault = () => {} }: ServeOptions,
): Promise<Served> {
  const webdav = createWebdav({
    access: (secret, source) => kernel.toolAccess('webdav', secret, source),
    clock: systemClock,
    isBehindTls: behindTls !== undefined,
    async quota() {
      const [{ fileBytes }, disk] = await Promise.all([packs.stats(), statfs(home.root)])
      return { usedBytes: fileBytes, availableBytes: disk.bavail * disk.bsize }
    },
    onFault,
  })
  return openHttpDoor({
    kernel,
    blocks: packs.blocks,
    stats: packs.stats,
    port,
    host,
    socket: home.socket,
    hosts: behindTls === undefined ? [] : [behindTls],
    mounts: [webdav],
    onFault,
  })
}
