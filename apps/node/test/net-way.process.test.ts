/** How a node meets others, chosen while it runs: real links on this machine. */
import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FaultCode, hasCode } from '@anarq/fault'
import { type Node, openNode } from '@anarq/node'
import { until, withNetWorld } from './net-world.ts'
import { passphrase } from './world.ts'

const gibibyte = 1024 ** 3
const refusedAs =
  (code: FaultCode) =>
  (error: unknown): boolean =>
    hasCode(error, code)

type Chosen = { readonly home: string; open(isOne?: boolean): Promise<Node>; readonly faults: string[] }

/** A home whose node meets others as was chosen. */
async function withChosen(act: (chosen: Chosen, invitation: () => string) => Promise<void>): Promise<void> {
  await withNetWorld(async (world) => {
    const other = await world.open('other', 9)
    const home = join(world.root, 'chosen')
    const faults: string[] = []
    const nodes: Node[] = []
    const open = async (isOne = false): Promise<Node> => {
      const node = await openNode({
        home,
        passphraseCost: { memoryKiB: 8, passes: 1, lanes: 1 },
        meetsAsChosen: !isOne,
        onFault: ({ code }) => faults.push(code),
      })
      nodes.push(node)
      const { account } = node.operations
      if ((await account.status()).state === 'empty') await account.init({ name: 'ann', passphrase })
      else await account.unlock({ passphrase })
      await node.settledNet()
      return node
    }
    try {
      await act({ home, open, faults }, () => other.network.invite().invitation)
    } finally {
      for (const node of nodes) await node.close()
    }
  })
}

async function freePort(): Promise<{ port: number; free(): Promise<void> }> {
  const server = createServer().listen(0, '0.0.0.0')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) }
}

test('[WX-NET-1] [AQ-UI-5] a node that is on no network is among others once that is chosen, gives what was chosen, and so it is after a restart', () =>
  withChosen(async ({ open }, invitation) => {
    const node = await open()
    assert.deepEqual(node.ways.get(), { way: 'off', port: 4610, isFixed: false })
    assert.equal(node.net()?.operations, undefined)
    await node.ways.set({ way: 'out', port: 4610, giveBytes: 2 * gibibyte })
    await node.net()?.operations?.join(invitation())
    assert.equal(node.net()?.operations?.neighbourhood().held.bytesMax, 2 * gibibyte)
    await node.close()
    const again = await open()
    assert.deepEqual(again.ways.get(), {
      ...{ way: 'out', port: 4610, giveBytes: 2 * gibibyte },
      isFixed: false,
    })
    await until(() => (again.net()?.operations?.peers().length ?? 0) > 0)
    await again.ways.set({ way: 'off', port: 4610 })
    assert.equal(again.net()?.operations, undefined)
  }))

test('[WX-NET-1] a port that is taken is told, and the way before stays; a free one lets others in', () =>
  withChosen(async ({ open }) => {
    const node = await open()
    await node.ways.set({ way: 'out', port: 4610 })
    const { port, free } = await freePort()
    await assert.rejects(node.ways.set({ way: 'listen', port }), refusedAs('unavailable.address'))
    assert.equal(node.ways.get().way, 'out')
    assert.equal(node.net()?.operations?.status().state, 'on')
    await free()
    await Promise.all([node.ways.set({ way: 'off', port }), node.ways.set({ way: 'listen', port })])
    assert.equal(node.others().state, 'listening')
    assert.match(node.net()?.operations?.invite().invitation ?? '', /^anarq:/)
  }))

test('what the line that started a node says holds while it runs; one command writes down what is chosen for the next start', () =>
  withChosen(async ({ home, open, faults }) => {
    const one = await open(true)
    await one.ways.set({ way: 'out', port: 4611 })
    assert.equal(one.net()?.operations, undefined)
    await one.close()
    const fixed = await openNode({ home, net: { isAmongOthers: true, keeping: { heldBytesMax: 0 } } })
    try {
      assert.deepEqual(fixed.ways.get(), { way: 'out', port: 4610, giveBytes: 0, isFixed: true })
      await assert.rejects(fixed.ways.set({ way: 'off', port: 4610 }), refusedAs('refused.network-way'))
    } finally {
      await fixed.close()
    }
    const node = await open()
    assert.deepEqual(node.ways.get(), { way: 'out', port: 4611, isFixed: false })
    // Locked it is on no network, and what is chosen meanwhile holds from the next unlocking on.
    await node.operations.account.lock()
    await node.ways.set({ way: 'off', port: 4611 })
    await node.operations.account.unlock({ passphrase })
    await node.settledNet()
    assert.equal(node.net()?.operations, undefined)
    await node.close()
    assert.deepEqual(faults, [])
  }))

test('what does not read any more is told, and the node then only goes out for what was shared', () =>
  withChosen(async ({ home, open, faults }) => {
    const node = await open()
    await node.ways.set({ way: 'out', port: 4610 })
    await node.close()
    const names = (await readdir(home)).filter((name) => name.startsWith('network-way'))
    assert.ok(names.length > 0)
    for (const name of names)
      await writeFile(join(home, name), (await readFile(join(home, name))).subarray(3))
    const again = await open()
    assert.equal(again.ways.get().way, 'off')
    assert.ok(faults.length > 0)
  }))
