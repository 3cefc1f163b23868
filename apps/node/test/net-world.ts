import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault } from '@anarq/fault'
import { type NetSettings, type Node, openNode } from '@anarq/node'
import type { NetworkOperations } from '@anarq/sdk'
import { passphrase } from './world.ts'

/** A guess at this passphrase may be cheap. */
const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }

export type NetNode = Node & { readonly path: string; readonly network: NetworkOperations }

/** Nodes with homes of their own, each at an address of its own of this machine, so that no two are of one network. */
export type NetWorld = {
  readonly root: string
  readonly faults: Fault[]
  /** Makes a home for it, where there is none, and opens it. The name is the identity's; the number is the address's: 127.N.0.1. */
  open(name: string, at: number, settings?: Partial<NetSettings>): Promise<NetNode>
  /** Several that know each other: all joined by way of the first. */
  openMany(count: number, settings?: Partial<NetSettings>): Promise<readonly NetNode[]>
}

export async function withNetWorld(act: (world: NetWorld) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'anarq-net-'))
  const open = new Set<Node>()
  const faults: Fault[] = []
  const world: NetWorld = {
    root,
    faults,
    async open(name, at, settings = {}) {
      const path = join(root, name)
      const node = await openNode({
        home: path,
        passphraseCost,
        onFault: (fault) => faults.push(fault),
        net: { listen: `tcp://127.${at}.0.1:0`, isAmongOthers: true, ...settings },
      })
      open.add(node)
      const { account } = node.operations
      if ((await account.status()).state === 'empty') await account.init({ name, passphrase })
      else await account.unlock({ passphrase })
      await until(() => node.net()?.operations !== undefined)
      return {
        ...node,
        path,
        get network() {
          return node.net()?.operations as NetworkOperations
        },
      }
    },
    async openMany(count, settings) {
      const nodes = await Promise.all(
        Array.from({ length: count }, (_, at) => world.open(`node ${at + 1}`, at + 1, settings)),
      )
      const [first, ...others] = nodes as [NetNode, ...NetNode[]]
      const { invitation } = first.network.invite()
      for (const { network } of others) await network.join(invitation)
      await until(() => nodes.every(({ network }) => answering(network) === count - 1))
      return nodes
    },
  }
  try {
    await act(world)
  } finally {
    await Promise.all([...open].map((node) => node.close()))
    await rm(root, { recursive: true, force: true })
  }
}

export async function until(holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  for (const startMs = performance.now(); !(await holds()); ) {
    if (performance.now() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function answering(network: NetworkOperations): number {
  return network.peers().filter(({ standing }) => standing !== 'claimed').length
}
