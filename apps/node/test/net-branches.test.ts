/** Branches over real links: who is let in, what is kept where, who is refused, and what can be proved. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@anarq/clock'
import { verifyBranchProof } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'
import { bytesOf, fileItem, itemsOf } from './world.ts'

/** As in the product, faster: this network lives some seconds. */
const keeping = {
  workBits: 4,
  bytesPerSecond: 1024 ** 3,
  heldBytesMax: 256 * 1024 ** 2,
  swarm: { probeMs: 250, probeTimeoutMs: 1500, batchMs: 40, requestMs: 2500, recoverTicks: 8 },
}

async function member(world: NetWorld, founder: NetNode, name: string, at: number): Promise<NetNode> {
  const node = await world.open(name, at, { keeping })
  await node.network.join(founder.network.invite().invitation)
  await comesIn(founder, node)
  return node
}

async function comesIn(founder: NetNode, node: NetNode): Promise<void> {
  const { invitation } = await founder.network.branches.invite('works')
  await node.network.branches.join(invitation)
  const { id } = node.network.status() as { id: string }
  await until(async () =>
    (await founder.network.branches.show('works')).applicants.some((one) => one.node === id),
  )
  await founder.network.branches.admit('works', id)
  await until(async () => (await node.network.branches.list())[0]?.state === 'member')
}

test('a branch lets nodes in, keeps its folder among them alone, refuses others, and proves it', async () => {
  await withNetWorld(async (world) => {
    const ada = await world.open('ada', 1, { keeping })
    const outsider = await world.open('outsider', 2, { keeping })
    await outsider.network.join(ada.network.invite().invitation)
    await ada.network.branches.create({ name: 'works' })
    const bob = await member(world, ada, 'bob', 3)
    const eve = await member(world, ada, 'eve', 4)
    await until(async () => (await ada.network.branches.show('works')).others.length === 2)
    const { drive } = ada.operations
    await drive.makeFolder('/team')
    await ada.network.branches.keep('works', '/team')
    const content = createSeededRandom(7).bytes(300_000)
    await drive.put(itemsOf(fileItem('plan.bin', content)), { to: '/team' })
    await until(async () => (await bob.network.branches.show('works')).held.blocks > 0, 30_000)
    await until(async () => (await eve.network.branches.show('works')).held.blocks > 0)
    console.log(await ada.network.branches.show('works'))
    const { proof, blocks } = await ada.network.branches.prove('/team')
    const report = verifyBranchProof(proof, systemClock)
    console.log(report, blocks)
    assert.equal(report.copiesLeast, 3)
    assert.deepEqual(world.faults, [])
    void bytesOf
  })
})
