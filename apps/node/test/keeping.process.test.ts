/** Seven homes on their disks, over real links: what one puts the others keep, and give back to whoever has the words. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { openJournal } from '@anarq/files'
import type { KeptFacts } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import type { NetSettings } from '../src/net/net.ts'
import { type Node, openNode } from '../src/node.ts'
import { bytesOf, fileItem, itemsOf, passphrase } from './world.ts'

const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }
/** As in the product, faster: this network lives some seconds. */
const keeping = {
  workBits: 4,
  bytesPerSecond: 1024 ** 3,
  heldBytesMax: 256 * 1024 ** 2,
  swarm: { probeMs: 250, probeTimeoutMs: 1500, batchMs: 40, requestMs: 2500, recoverTicks: 8 },
}
const othersCount = 6

type Town = {
  readonly folder: string
  readonly owner: Node
  readonly others: Node[]
  readonly words: string
}

let place = 0

async function nodeIn(folder: string, net: NetSettings = {}): Promise<Node> {
  place += 1
  return openNode({
    home: join(folder, `home-${place}`),
    passphraseCost,
    net: { listen: `tcp://127.${place}.0.1:0`, isAmongOthers: true, keeping, ...net },
  })
}

/** Everybody has an identity, was invited by the owner, and sits in one neighbourhood. */
async function town(folder: string): Promise<Town> {
  const owner = await nodeIn(folder)
  const { words } = await owner.operations.account.init({ name: 'ada', passphrase })
  const others: Node[] = []
  for (let i = 0; i < othersCount; i += 1) {
    const other = await nodeIn(folder)
    await other.operations.account.init({ name: `neighbour ${i}`, passphrase })
    others.push(other)
  }
  const { invitation } = operationsOf(await up(owner)).invite()
  for (const other of others) await operationsOf(await up(other)).join(invitation)
  await until(() =>
    [owner, ...others].every((node) => node.net()?.operations?.neighbourhood().members.length === 7),
  )
  return { folder, owner, others, words }
}

/** The network follows the lock a moment later. */
async function up(node: Node): Promise<Node> {
  await until(() => node.net()?.operations !== undefined)
  return node
}

function operationsOf(node: Node) {
  const operations = node.net()?.operations
  assert.ok(operations !== undefined)
  return operations
}

async function until(holds: () => boolean | Promise<boolean>, maxMs = 120_000): Promise<void> {
  const startMs = performance.now()
  while (!(await holds())) {
    assert.ok(performance.now() - startMs < maxMs, `not in ${maxMs} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

async function allKept(node: Node): Promise<KeptFacts> {
  let facts: KeptFacts | undefined
  await until(async () => {
    facts = await node.operations.keeping.kept()
    const { blocks, index, isCounted } = facts
    return isCounted && index?.isNewest === true && blocks.alone === 0 && blocks.fewer === 0
  })
  return facts as KeptFacts
}

const random = createSeededRandom(5)
const contents = new Map([
  ['letter.txt', new TextEncoder().encode('what only this disk had')],
  ['pictures.bin', random.bytes(2_500_000)],
  ['empty.txt', new Uint8Array(0)],
])

async function putAll(node: Node): Promise<void> {
  const items = [...contents].map(([name, bytes]) => fileItem(name, bytes))
  await node.operations.drive.put(itemsOf(...items), { isThorough: true })
}

async function assertAllThere(node: Node): Promise<void> {
  for (const [name, bytes] of contents)
    assert.ok(equalBytes(await bytesOf((await node.operations.drive.get(name)).stream), bytes), name)
}

async function digestsIn({ packs }: Node): Promise<Uint8Array[]> {
  const digests: Uint8Array[] = []
  for await (const { cid } of packs.blocks.list()) digests.push(cid.multihash.digest)
  return digests
}

/** Of those that anybody holds, of whichever of these indexes they are. */
async function copiesOf(
  node: Node,
  feeds: readonly Uint8Array[],
  digests: readonly Uint8Array[],
): Promise<Map<string, number>> {
  const most = new Map<string, number>()
  for (const feed of feeds) {
    const counts = (await node.net()?.keeping?.count(feed, digests)) ?? []
    digests.forEach((digest, i) => {
      const count = Math.max(counts[i] ?? 0, most.get(digest.toHex()) ?? 0)
      if (count > 0) most.set(digest.toHex(), count)
    })
  }
  return most
}

/** The names of all indexes that this node knows of, as its disk has them. */
async function feedsAt({ home }: Node, folder: string): Promise<Uint8Array[]> {
  const path = join(folder, 'heads-copy.journal')
  await cp(join(home.held, 'heads.journal'), path)
  const feeds = new Set<string>()
  const journal = await openJournal({
    path,
    onFault: (fault) => assert.fail(fault),
    onRecord: (record) => void feeds.add(record.subarray(0, 32).toHex()),
  })
  await journal.close()
  return [...feeds].map(Uint8Array.fromHex)
}

test('[SW-TOP-5] [AQ-QNET-7] [AQ-VIS-5] [WX-L0-2] a dead disk comes back from neighbours with the words alone, after five more are lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-keeping-'))
  const open: Node[] = []
  try {
    const { owner, others, words } = await town(folder)
    open.push(owner, ...others)
    const second = await owner.operations.identities.create({ kind: 'sub', name: 'at work' })
    await putAll(owner)
    const facts = await allKept(owner)
    assert.equal(facts.copies, 6)
    assert.ok(facts.blocks.full > 6)
    const entry = await owner.operations.keeping.keptOf('pictures.bin')
    assert.equal(entry.guarantee, 'full')
    assert.equal(entry.files, 1)
    for (const other of others) assert.ok(operationsOf(other).neighbourhood().held.blocks > 0)

    // A part of the disk: what is read comes from the others, and is here again.
    const lost = []
    for await (const { cid, blockClass } of owner.packs.blocks.list())
      if (blockClass === 'data') lost.push(cid)
    await owner.packs.blocks.delete(lost)
    await assertAllThere(owner)
    // All but the block of the empty file, which nobody has to read.
    const isBack = await Promise.all(lost.map((cid) => owner.packs.blocks.has(cid)))
    assert.ok(isBack.filter((is) => is).length >= lost.length - 1)

    // All of it; then, when the neighbours have mended that, five of the six.
    const feeds = await feedsAt(others[0] as Node, folder)
    const placed = await copiesOf(owner, feeds, await digestsIn(owner))
    assert.ok(placed.size > 10)
    const dead = owner.home.root
    await owner.close()
    await rm(dead, { recursive: true })
    const [last, ...gone] = others as [Node, ...Node[]]
    await until(async () => {
      const isOut = others.every((other) => operationsOf(other).neighbourhood().members.length === 6)
      const copies = await copiesOf(last, feeds, [...placed.keys()].map(Uint8Array.fromHex))
      return isOut && copies.size === placed.size && [...copies.values()].every((count) => count === 6)
    })
    for (const other of gone) await other.close()
    const { invitation } = operationsOf(last).invite()

    const fresh = await nodeIn(folder)
    open.push(fresh)
    await fresh.operations.account.recover({ words, name: 'ada', passphrase })
    const back = await fresh.operations.keeping.bringBack({ invitation })
    assert.equal(back.missing, 0)
    assert.equal(back.identities, 2)
    assert.equal(back.files, contents.size)
    const names = (await fresh.operations.identities.list()).map(({ did }) => did)
    assert.ok(names.includes(second.did))
    await last.close()
    await assertAllThere(fresh)
    const report = await fresh.operations.health.verify()
    assert.deepEqual(report.findings, [])
  } finally {
    for (const node of open) await node.close()
    await rm(folder, { recursive: true })
  }
})
