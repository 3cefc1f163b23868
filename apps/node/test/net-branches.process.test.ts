/** Branches over real links: who is let in, what is kept where, who is refused, and what can be proved. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@anarq/clock'
import { decodeCbor, encodeCbor, parseCid } from '@anarq/ipld'
import { verifyBranchProof } from '@anarq/kernel'
import { openNode } from '@anarq/node'
import type { NodeId } from '@anarq/qnet'
import { createSeededRandom } from '@anarq/random/testing'
import { openHeldStore } from '../src/net/held-store.ts'
import { type NetNode, type NetWorld, until, withNetWorld } from './net-world.ts'
import { fileItem, itemsOf, passphrase } from './world.ts'

/** As in the product, faster: this network lives some seconds. */
const keeping = {
  workBits: 4,
  bytesPerSecond: 1024 ** 3,
  heldBytesMax: 256 * 1024 ** 2,
  swarm: { probeMs: 250, probeTimeoutMs: 1500, batchMs: 40, requestMs: 2500, recoverTicks: 8 },
}
const content = createSeededRandom(7).bytes(300_000)

function idOf({ network }: NetNode): string {
  const status = network.status()
  return status.state === 'on' ? status.id : ''
}

/** Ada founds it, and one who is no member is there too. */
async function founded(
  world: NetWorld,
  wish: { stays?: boolean; sharesOutside?: boolean; networks?: readonly string[] } = {},
): Promise<{ ada: NetNode; outsider: NetNode }> {
  const ada = await world.open('ada', 1, { keeping })
  const outsider = await world.open('outsider', 2, { keeping })
  await outsider.network.join(ada.network.invite().invitation)
  await ada.network.branches.create({ name: 'works', ...wish })
  return { ada, outsider }
}

async function member(world: NetWorld, founder: NetNode, name: string, at: number): Promise<NetNode> {
  const node = await world.open(name, at, { keeping })
  const { invitation } = await founder.network.branches.invite('works')
  await node.network.branches.join(invitation)
  await until(async () =>
    (await founder.network.branches.show('works')).applicants.some((one) => one.node === idOf(node)),
  )
  await founder.network.branches.admit('works', idOf(node).slice(0, 12))
  await until(async () => (await node.network.branches.list())[0]?.state === 'member')
  return node
}

async function together(nodes: readonly NetNode[]): Promise<void> {
  await until(async () => {
    for (const { network } of nodes)
      if ((await network.branches.show('works')).others.length !== nodes.length - 1) return false
    return true
  }, 30_000)
}

async function kept({ operations, network }: NetNode, name: string, bytes: Uint8Array): Promise<string> {
  const { drive } = operations
  await drive.makeFolder('/team')
  await network.branches.keep('works', '/team')
  const { entries } = await drive.put(itemsOf(fileItem(name, bytes)), { to: '/team' })
  return entries[0]?.id as string
}

/** Every block that the folder stands on has this many holders who sign that they have it. */
async function areKept({ network }: NetNode, copies: number): Promise<void> {
  await until(async () => {
    const { proof } = await network.branches.prove('/team')
    return verifyBranchProof(proof, systemClock).copiesLeast >= copies
  }, 30_000)
}

/** The envelope of a file, as its owner names it. */
async function envelopeOf({ operations }: NetNode, ref: string): Promise<string> {
  const [version] = await operations.drive.versions(ref)
  return (version as { cid: string }).cid
}

test('members keep what is put into the folder of a branch, no other node holds a block of it, and a file proves it [SW-OVL-4, SW-OVL-5, SW-OVL-8]', async () => {
  await withNetWorld(async (world) => {
    const { ada, outsider } = await founded(world)
    const bob = await member(world, ada, 'bob', 3)
    const eve = await member(world, ada, 'eve', 4)
    await together([ada, bob, eve])
    const id = await kept(ada, 'plan.bin', content)
    await ada.operations.drive.put(itemsOf(fileItem('open.bin', content)), { to: '/' })
    await areKept(ada, 3)
    // What is put beside the folder goes to the neighbours of MasterNet, so that the outsider holds something.
    await until(() => outsider.network.neighbourhood().held.blocks > 0, 30_000)
    const { proof } = await ada.network.branches.prove('/team')
    const report = verifyBranchProof(proof, systemClock)
    assert.equal(report.copiesLeast, 3)
    assert.deepEqual(report.holders.map(({ node }) => node).sort(), [ada, bob, eve].map(idOf).sort())

    const envelope = parseCid(await envelopeOf(ada, id))
    const question = encodeCbor({ ask: 'block', cid: envelope.toString() })
    const codeFor = async (node: NetNode): Promise<unknown> => {
      const answer = await ada.kernel.answer(question, idOf(node) as NodeId)
      // A block comes as it is, behind this byte.
      return answer[0] === 0 ? undefined : (decodeCbor(answer, 'a') as { code?: string }).code
    }
    assert.equal(await codeFor(outsider), 'refused.branch-stays')
    assert.equal(await codeFor(bob), undefined)
    assert.equal(ada.kernel.branches.mayGive(envelope.multihash.digest, undefined), false)
    await until(async () => {
      const again = verifyBranchProof((await ada.network.branches.prove('/team')).proof, systemClock)
      return again.refusals.count === 1 && again.refusals.last[0]?.asker === idOf(outsider)
    })
    // One bit of it, anywhere, and it proves nothing.
    for (const at of [40, proof.length >> 1, proof.length - 20]) {
      const changed = proof.slice()
      changed[at] = (changed[at] as number) ^ 1
      assert.throws(() => verifyBranchProof(changed, systemClock))
    }
    // And nobody holds a block of it in MasterNet's name, the members no more than the outsider.
    const { digests } = await ada.kernel.branches.provable('/team')
    await until(async () => {
      const { blocks, isCounted } = await ada.operations.keeping.kept()
      return isCounted && blocks.alone === 0 && blocks.fewer > 0
    }, 30_000)
    for (const node of [ada, outsider, bob, eve]) {
      await node.close()
      const held = await openHeldStore({ folder: join(node.path, 'held'), onFault: assert.fail })
      const keys = new Set([...held.store.notes()].map(({ key }) => key.toHex()))
      assert.ok(digests.every((digest) => !keys.has(digest.toHex())))
      assert.ok(node !== outsider || held.blocks() > 0)
      await held.close()
    }
    assert.deepEqual(world.faults, [])
  })
})

test('with everybody else gone a branch goes on: puts, gets, and repairs among its members [SW-OVL-7, SW-TOP-3]', async () => {
  await withNetWorld(async (world) => {
    const { ada, outsider } = await founded(world)
    const bob = await member(world, ada, 'bob', 3)
    const eve = await member(world, ada, 'eve', 4)
    await together([ada, bob, eve])
    await outsider.close()
    const id = await kept(ada, 'plan.bin', content)
    await areKept(ada, 3)
    // What her disk loses comes back from members.
    const { digests, get } = await ada.kernel.branches.provable('/team')
    const [lost] = digests as [Uint8Array]
    await ada.packs.blocks.delete([parseCid(await envelopeOf(ada, id))])
    for (const digest of digests) assert.ok((await get(digest)) !== undefined)
    assert.ok(lost)
    // One of them goes for good, another comes: there are three copies again.
    await eve.close()
    const dan = await member(world, ada, 'dan', 5)
    await areKept(ada, 3)
    assert.ok((await dan.network.branches.show('works')).held.blocks > 0)
    assert.deepEqual(world.faults, [])
  })
})

test('who is put out of a branch holds nothing of it any more, and gets nothing', async () => {
  await withNetWorld(async (world) => {
    const { ada } = await founded(world)
    const bob = await member(world, ada, 'bob', 3)
    await together([ada, bob])
    const id = await kept(ada, 'plan.bin', content)
    await areKept(ada, 2)
    const folder = join(bob.path, 'held-in-branches')
    assert.equal((await readdir(folder)).length, 1)
    await ada.network.branches.expel('works', idOf(bob).slice(0, 10))
    await until(async () => (await bob.network.branches.show('works')).state === 'out')
    await until(async () => (await readdir(folder)).length === 0)
    const envelope = parseCid(await envelopeOf(ada, id))
    assert.equal(ada.kernel.branches.mayGive(envelope.multihash.digest, idOf(bob) as NodeId), false)
    const { proof } = await ada.network.branches.prove('/team')
    assert.deepEqual(
      verifyBranchProof(proof, systemClock).holders.map(({ node }) => node),
      [idOf(ada)],
    )
    // The old line still leads to the door, and the door stays shut until an admin opens it again.
    await bob.network.branches.join((await ada.network.branches.invite('works')).invitation)
    await until(async () => (await ada.network.branches.show('works')).applicants.length === 1)
    assert.equal((await bob.network.branches.show('works')).state, 'asking')
    await ada.network.branches.admit('works', idOf(bob))
    await until(async () => (await bob.network.branches.show('works')).state === 'member')
    assert.deepEqual(world.faults, [])
  })
})

test('after a disk died the words and an admin bring what a branch keeps back to another machine [SW-OVL-7]', async () => {
  await withNetWorld(async (world) => {
    const ada = await world.open('ada', 1, { keeping })
    const outsider = await world.open('outsider', 2, { keeping })
    await outsider.network.join(ada.network.invite().invitation)
    await ada.network.branches.create({ name: 'works' })
    const bob = await member(world, ada, 'bob', 3)
    await bob.network.join(outsider.network.invite().invitation)
    await together([ada, bob])
    await kept(ada, 'plan.bin', content)
    await areKept(ada, 2)
    await until(async () => {
      const { index, blocks } = await ada.operations.keeping.kept()
      return index?.isNewest === true && index.copies > 0 && blocks.alone === 0
    }, 30_000)
    const words = (await ada.operations.account.showWords({ passphrase })).words
    await ada.close()
    const path = join(world.root, 'new disk')
    const node = await openNode({
      home: path,
      passphraseCost: { memoryKiB: 8, passes: 1, lanes: 1 },
      onFault: (fault) => world.faults.push(fault),
      net: { listen: 'tcp://127.6.0.1:0', isAmongOthers: true, keeping },
    })
    try {
      await node.operations.account.recover({ words, name: 'ada', passphrase })
      await until(() => node.net()?.operations !== undefined)
      const network = node.net()?.operations as NetNode['network']
      const { invitation } = outsider.network.invite()
      const { missing } = await node.operations.keeping.bringBack({ invitation })
      assert.ok(missing > 0)
      await until(async () => (await node.kernel.branches.load()).length === 1)
      const { id } = network.status() as { id: string }
      await network.branches.admit('works', id)
      await until(async () => (await network.branches.show('works')).others.length === 1, 60_000)
      const { stream } = await node.operations.drive.get('/team/plan.bin')
      const back = Buffer.concat(await Array.fromAsync(stream))
      assert.ok(back.equals(Buffer.from(content)))
    } finally {
      await node.close()
    }
  })
})

test('a line whose maker is gone leads in all the same: who else is of the branch is asked of the network, by the branch’s id [SW-OVL-3, SW-TOP-4]', async () => {
  await withNetWorld(async (world) => {
    const { ada, outsider } = await founded(world)
    const bob = await member(world, ada, 'bob', 3)
    await bob.network.join(outsider.network.invite().invitation)
    await together([ada, bob])
    const { invitation } = await bob.network.branches.invite('works')
    const dan = await world.open('dan', 5, { keeping })
    await dan.network.join(outsider.network.invite().invitation)
    await until(() => [ada, bob, dan].every(({ network }) => network.peers().length === 3), 30_000)
    await bob.close()
    await dan.network.branches.join(invitation)
    await until(
      async () =>
        (await ada.network.branches.show('works')).applicants.some(({ node }) => node === idOf(dan)),
      60_000,
    )
    await ada.network.branches.admit('works', idOf(dan))
    await until(async () => (await dan.network.branches.list())[0]?.state === 'member', 30_000)
  })
})

test('members that are not reached where the charter says are not heard [SW-OVL-8]', async () => {
  await withNetWorld(async (world) => {
    const { ada } = await founded(world, { networks: ['127.0.0.0/16', '127.1.0.0/16', '127.3.0.0/16'] })
    const bob = await member(world, ada, 'bob', 3)
    await together([ada, bob])
    const far = await world.open('far', 9, { keeping })
    await far.network.branches.join((await ada.network.branches.invite('works')).invitation)
    await until(async () => (await ada.network.branches.show('works')).applicants.length === 1)
    await ada.network.branches.admit('works', idOf(far))
    await kept(ada, 'plan.bin', content)
    await areKept(ada, 2)
    assert.deepEqual((await ada.network.branches.show('works')).others, [idOf(bob)])
  })
})

test('where two admins must sign, one alone lets nobody in; both do [SW-OVL-8]', async () => {
  await withNetWorld(async (world) => {
    const ada = await world.open('ada', 1, { keeping })
    const bob = await world.open('bob', 3, { keeping })
    const { card, did } = await bob.operations.identities.show('bob')
    await ada.operations.identities.learn(card)
    const { did: founder } = await ada.operations.identities.show('ada')
    await ada.network.branches.create({ name: 'works', admins: [founder, did], threshold: 2 })
    // The founder named him in the charter, and so may let his node in.
    await bob.network.branches.join((await ada.network.branches.invite('works')).invitation)
    await until(async () => (await ada.network.branches.show('works')).applicants.length === 1)
    await ada.network.branches.admit('works', idOf(bob))
    await until(async () => (await bob.network.branches.list())[0]?.state === 'member')
    const dan = await world.open('dan', 5, { keeping })
    await dan.network.branches.join((await ada.network.branches.invite('works')).invitation)
    await until(async () => (await ada.network.branches.show('works')).applicants.length === 1)
    await ada.network.branches.admit('works', idOf(dan))
    await until(async () =>
      (await bob.network.branches.show('works')).members.some(({ isAdmitted }) => !isAdmitted),
    )
    assert.equal((await dan.network.branches.list())[0]?.state, 'asking')
    await bob.network.branches.admit('works', idOf(dan))
    await until(async () => (await dan.network.branches.list())[0]?.state === 'member', 30_000)
    await together([ada, bob, dan])
    // To put one out takes two as well.
    await ada.network.branches.expel('works', idOf(dan))
    assert.equal((await dan.network.branches.show('works')).state, 'member')
    await bob.network.branches.expel('works', idOf(dan))
    await until(async () => (await dan.network.branches.show('works')).state === 'out', 60_000)
  })
})
