import { fileURLToPath } from 'node:url'
import { systemClock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { freeBytesAt, openSeenTarget, readSeen } from '@anarq/files'
import { openHttpDoor } from '@anarq/http'
import { digestOf } from '@anarq/ipld'

import { createMcpDoor } from '@anarq/mcp'
import type { NetworkFacts } from '@anarq/sdk'
import { createWebdav } from '@anarq/webdav'

import { openApps } from './apps.ts'
import type { Node } from './node.ts'
import { version } from './version.ts'

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
 * Opens the doors: the port for signed requests and the desktop, with WebDAV for tools below `/dav` and the Model Context
 * Protocol for assistants below `/mcp`, and the socket in the home folder for this machine's user.
 */
export async function serveNode(
  node: Node,
  { port, host, behindTls, onFault = () => {} }: ServeOptions,
): Promise<Served> {
  const { kernel, operations, feed, home, packs } = node
  const { blocks, stats } = packs
  const hosts = behindTls === undefined ? [] : [behindTls]
  const isBehindTls = behindTls !== undefined
  let network: Omit<NetworkFacts, 'others'> | undefined
  const { apps, dispatcher, operationsAs, refused, close } = openApps({
    ...node,
    network: () => network && { ...network, others: node.others() },
  })
  const webdav = createWebdav({
    access: (secret, source) => kernel.toolAccess('webdav', secret, source),
    clock: systemClock,
    isBehindTls,
    async quota() {
      const [{ fileBytes }, freeBytes] = await Promise.all([stats(), freeBytesAt(home.root)])
      const leftOfQuota = (kernel.quotaBytes() ?? Number.POSITIVE_INFINITY) - fileBytes
      return {
        usedBytes: fileBytes,
        availableBytes: Math.max(0, Math.min(freeBytes, leftOfQuota)),
      }
    },
    onFault,
  })
  const mcp = createMcpDoor({
    dispatcher,
    access: async (secret, source) => {
      const access = await kernel.toolAccess('mcp', secret, source)
      return access && { folder: access.folder, rights: access.key.rights, name: access.key.name }
    },
    hosts,
    version,
    clock: systemClock,
    onFault,
  })
  const door = await openHttpDoor({
    kernel,
    operations,
    feed,
    dispatcher,
    apps: { ...apps, operationsAs, refused },
    blocks: gatewayBlocks(blocks, kernel),
    stats,
    port,
    host,
    socket: home.socket,
    disk: { read: readSeen, target: openSeenTarget },
    desktop: fileURLToPath(new URL('../../desktop/dist', import.meta.url)),
    hosts,
    isBehindTls,
    mounts: [webdav, { prefix: '/mcp', handler: mcp.handle }],
    onFault,
  })
  network = networkOf(door.address, { host, behindTls, socket: home.socket })
  return {
    address: door.address,
    async close() {
      await mcp.close()
      await door.close()
      await close()
    },
  }
}

/** What the gateway gives to whoever knows a name: no block that a branch keeps to its members. */
function gatewayBlocks(
  { get }: Node['packs']['blocks'],
  { branches }: Node['kernel'],
): Pick<Node['packs']['blocks'], 'get'> {
  return {
    async get(cid) {
      const digest = digestOf(cid)
      if (branches.mayGive(digest, undefined)) return get(cid)
      branches.refused(digest, 'gateway', 'refused.branch-stays')
      throw new Fault('refused.branch-stays', 'This block stays with the members of a branch.')
    },
  }
}

const loopback = /^(localhost|::1|127\..*)$/

function networkOf(
  address: string,
  { host, behindTls, socket }: Pick<ServeOptions, 'host' | 'behindTls'> & { socket: string },
): Omit<NetworkFacts, 'others'> {
  return {
    address,
    host,
    port: Number(new URL(address).port),
    reach: loopback.test(host) ? 'machine' : 'network',
    ...(behindTls === undefined ? {} : { tlsName: behindTls }),
    socket,
    doors: [
      { kind: 'desktop', path: '/' },
      { kind: 'api', path: '/api/docs' },
      { kind: 'webdav', path: '/dav/' },
      { kind: 'mcp', path: '/mcp' },
    ],
  }
}
