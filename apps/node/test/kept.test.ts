/** The kernel's side of what others keep, with neighbours in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { createManualClock, type ManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import { cidOfDigest, rawCodec } from '@anarq/ipld'
import type { Kernel, Neighbours } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import { isSignedHead, isSignedList, readKeptList, type SignedHead } from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import { emptyHome, type FamilyHome, reopened } from './family.ts'
import { bytesOf, fileItem, itemsOf, passphrase, someDay } from './world.ts'

type Village = Neighbours & {
  readonly blocks: Map<string, Uint8Array>
  readonly heads_: Map<string, SignedHead[]>
  readonly lists: Map<string, SignedHead[]>
  /** What went over the wire. */
  readonly counts: { put: number; count: number; get: number }
  isAway: boolean
  /** What they give instead of what was asked for. */
  lie: ((bytes: Uint8Array) => Uint8Array) | undefined
}

/** Six neighbours who always agree. */
function village(): Village {
  const blocks = new Map<string, Uint8Array>()
  const heads_ = new Map<string, SignedHead[]>()
  const lists = new Map<string, SignedHead[]>()
  const counts = { put: 0, count: 0, get: 0 }
  const here = (): void => {
    if (made.isAway) throw new Fault('unavailable.neighbours', 'Nobody is there.')
  }
  const made: Village = {
    copies: 6,
    blocks,
    heads_,
    lists,
    counts,
    isAway: false,
    lie: undefined,
    isThere: () => !made.isAway,
    reach: async () => here(),
    async count(_feed, digests) {
      here()
      counts.count += 1
      return digests.map((digest) => (blocks.has(digest.toHex()) ? 6 : 0))
    },
    async put(_feed, bytes) {
      here()
      counts.put += 1
      blocks.set(hashBlake3(bytes).toHex(), bytes.slice())
      return { copies: 6, refused: { full: 0, share: 0 } }
    },
    async get(_feed, digest) {
      here()
      counts.get += 1
      const bytes = blocks.get(digest.toHex())
      return bytes && (made.lie?.(bytes) ?? bytes.slice())
    },
    async putHead(feed, head) {
      here()
      assert.ok(blocks.has(head.head.toHex()), 'whoever follows it finds something')
      heads_.set(feed.toHex(), [head, ...(heads_.get(feed.toHex()) ?? [])])
      return 6
    },
    listEveryMs: 24 * 3_600_000,
    patienceMs: 0,
    held: () => undefined,
    async putList(feed, list) {
      here()
      lists.set(feed.toHex(), [list, ...(lists.get(feed.toHex()) ?? [])])
      // Its block was put just before, and is none of what the home has.
      counts.put -= 1
      return 6
    },
    async heads(feed) {
      here()
      return heads_.get(feed.toHex()) ?? []
    },
  }
  return made
}

/** As a node does it: until there is nothing left to do. */
async function keepAll({ keeping }: Kernel): Promise<void> {
  while (!(await keeping.step()).isIdle);
}

const content = createSeededRandom(3).bytes(1_500_000)

async function homeIn(neighbours: Village): Promise<FamilyHome & { words: string; clock: ManualClock }> {
  const clock = createManualClock(someDay)
  const home = await emptyHome(clock, 1, { neighbours })
  const { words } = await home.operations.account.init({ name: 'ada', passphrase })
  await home.operations.drive.put(itemsOf(fileItem('a.bin', content)), { isThorough: true })
  return { ...home, words, clock }
}

async function read({ operations }: FamilyHome, name = 'a.bin'): Promise<Uint8Array> {
  return bytesOf((await operations.drive.get(name)).stream)
}

test('[SW-TOP-5] a put waits for nobody, is found to be alone, and is kept by all as soon as somebody is there', async () => {
  const others = village()
  others.isAway = true
  const home = await homeIn(others)
  assert.equal((await home.operations.keeping.keptOf('a.bin')).guarantee, 'alone')
  await assert.rejects(keepAll(home.kernel), { code: 'unavailable.neighbours' })
  others.isAway = false
  await keepAll(home.kernel)
  const { guarantee, files, blocks } = await home.operations.keeping.keptOf('a.bin')
  assert.deepEqual([guarantee, files, blocks.fewer + blocks.alone], ['full', 1, 0])
  const kept = await home.operations.keeping.kept()
  assert.equal(kept.blocks.full, others.blocks.size - others.lists.size)
  assert.deepEqual(kept.index, { sequence: kept.index?.sequence, isNewest: true, copies: 6 })
})

test('after a restart nothing is sent again; where what was noted is gone, it is asked about and still not sent', async () => {
  const others = village()
  const home = await homeIn(others)
  await keepAll(home.kernel)
  await home.kernel.keeping.save()
  const sent = others.counts.put
  others.counts.count = 0
  const again = await reopened(home)
  await keepAll(again.kernel)
  assert.deepEqual([others.counts.put, others.counts.count], [sent, 0])
  await again.operations.drive.put(itemsOf(fileItem('b.bin', content.subarray(0, 90_000))), {
    isThorough: true,
  })
  await keepAll(again.kernel)
  const more = others.counts.put
  assert.ok(more > sent && more < sent + 12)
  const forgetful = {
    ...again,
    ports: { ...again.ports, cache: { read: async () => undefined, write: async () => {} } },
  }
  const last = await reopened(forgetful)
  await keepAll(last.kernel)
  assert.equal(others.counts.put, more)
  assert.ok(others.counts.count > 0)
  assert.equal((await last.operations.keeping.keptOf('b.bin')).guarantee, 'full')
})

test('what is deleted for good is in the next list no more, everything in use is, and each is signed by the index’s own key', async () => {
  const others = village()
  const home = await homeIn(others)
  await home.operations.drive.put(itemsOf(fileItem('b.bin', createSeededRandom(9).bytes(700_000))), {
    isThorough: true,
  })
  await keepAll(home.kernel)
  const [feed, [first]] = [...others.lists][0] as [string, SignedHead[]]
  const listOf = ({ head }: SignedHead): ((digest: Uint8Array) => boolean) =>
    readKeptList(others.blocks.get(head.toHex()) as Uint8Array)
  const before = listOf(first as SignedHead)
  const all = [...others.blocks.keys()].filter((name) => name !== first?.head.toHex())
  assert.ok(all.filter((name) => before(Uint8Array.fromHex(name))).length > all.length / 2)
  await home.operations.drive.remove('b.bin', { isForever: true })
  await keepAll(home.kernel)
  assert.equal(others.lists.get(feed)?.length, 1, 'not before its time')
  home.clock.advance(25 * 3_600_000)
  await keepAll(home.kernel)
  const [second] = others.lists.get(feed) as [SignedHead]
  assert.ok(second.sequence > (first as SignedHead).sequence)
  assert.ok(isSignedList(Uint8Array.fromHex(feed), second.sequence, second.head, second.signature))
  const after = listOf(second)
  const gone = all.filter((name) => !after(Uint8Array.fromHex(name)))
  const goneBytes = gone.reduce((sum, name) => sum + (others.blocks.get(name)?.length ?? 0), 0)
  assert.ok(goneBytes > 650_000, `${goneBytes}`)
  // With what is still listed alone the rest comes back.
  for (const name of gone) others.blocks.delete(name)
  const fresh = await emptyHome(createManualClock(someDay), 7, { neighbours: others })
  await fresh.operations.account.recover({ words: home.words, name: 'ada', passphrase })
  const back = await fresh.operations.keeping.bringBack()
  assert.deepEqual([back.files, back.missing], [1, 0])
  assert.deepEqual(await read(fresh), content)
})

test('[WX-L0-2] a head is given out when all that it names is with others, also what came while they were away and something else was looked at', async () => {
  const others = village()
  const home = await homeIn(others)
  const many = Array.from({ length: 400 }, (_, i) =>
    fileItem(`before/${i}`, createSeededRandom(i).bytes(900)),
  )
  await home.operations.drive.put(itemsOf(...many), { isThorough: true })
  const words = async (): Promise<void> => {
    others.isAway = true
    await home.operations.drive.put(itemsOf(fileItem(`${steps}.txt`, 'some words')), { isThorough: true })
    others.isAway = false
  }
  // All of it is looked at in many steps; what comes between any two of them is not in what is being looked at.
  let steps = 0
  for (; steps < 2000 && !(await home.kernel.keeping.step()).isIdle; steps += 1) if (steps < 60) await words()
  assert.ok(steps > 60 && steps < 2000)
  assert.equal((await home.operations.keeping.kept()).index?.isNewest, true)
  const fresh = await emptyHome(createManualClock(someDay), 7, { neighbours: others })
  await fresh.operations.account.recover({ words: home.words, name: 'ada', passphrase })
  assert.equal((await fresh.operations.keeping.bringBack()).missing, 0)
})

test('[SW-TOP-5] what comes while much is still on its way waits for nothing of it', async () => {
  const others = village()
  const home = await homeIn(others)
  const many = Array.from({ length: 900 }, (_, i) =>
    fileItem(`before/${i}`, createSeededRandom(i).bytes(900)),
  )
  await home.operations.drive.put(itemsOf(...many), { isThorough: true })
  // Until the names of all that are with others, and some of the contents.
  while ((await home.operations.keeping.kept()).index === undefined) await home.kernel.keeping.step()
  await home.operations.drive.put(itemsOf(fileItem('now.txt', 'at once')), { isThorough: true })
  const isKept = async (): Promise<boolean> =>
    (await home.operations.keeping.keptOf('now.txt')).guarantee === 'full'
  for (let i = 0; i < 10 && !(await isKept()); i += 1) await home.kernel.keeping.step()
  assert.ok(await isKept())
  assert.equal((await home.operations.keeping.keptOf('/before')).guarantee, 'alone')
  assert.equal((await home.operations.keeping.kept()).isCounted, false)
  await keepAll(home.kernel)
  assert.equal((await home.operations.keeping.keptOf('/before')).guarantee, 'full')
  assert.equal((await home.operations.keeping.kept()).isCounted, true)
})

test('where the state that was looked at last is gone, all of it is looked at again, and nothing is sent twice', async () => {
  const others = village()
  const home = await homeIn(others)
  await keepAll(home.kernel)
  await home.kernel.keeping.save()
  const [[{ head } = { head: new Uint8Array() }] = []] = [...others.heads_.values()]
  await home.operations.drive.put(itemsOf(fileItem('b.txt', 'some words')), { isThorough: true })
  await home.ports.blocks.delete([cidOfDigest(rawCodec, head)])
  others.blocks.delete(head.toHex())
  const sent = others.counts.put
  const again = await reopened(home)
  await assert.rejects(keepAll(again.kernel), { code: 'missing.block' })
  await keepAll(again.kernel)
  assert.equal((await again.operations.keeping.keptOf('b.txt')).guarantee, 'full')
  assert.equal((await again.operations.keeping.kept()).index?.isNewest, true)
  assert.ok(others.counts.put > sent && others.counts.put < sent + 20)
})

test('whoever knows less than others makes no list: another device that wrote more is not contradicted', async () => {
  const others = village()
  const home = await homeIn(others)
  await keepAll(home.kernel)
  const [feed, lists] = [...others.lists][0] as [string, SignedHead[]]
  const feedName = Uint8Array.fromHex(feed)
  // Another device of the same identity wrote more.
  const elsewhere = await emptyHome(createManualClock(someDay), 7, { neighbours: others })
  await elsewhere.operations.account.recover({ words: home.words, name: 'ada', passphrase })
  await elsewhere.operations.keeping.bringBack()
  for (const name of ['c', 'd', 'e'])
    await elsewhere.operations.drive.put(itemsOf(fileItem(name, content.subarray(0, 9000))), {
      isThorough: true,
    })
  await keepAll(elsewhere.kernel)
  const listed = others.lists.get(feed)?.length ?? 0
  const [newest] = others.heads_.get(feed) as [SignedHead]
  assert.ok(isSignedHead(feedName, newest.sequence, newest.head, newest.signature))
  home.clock.advance(25 * 3_600_000)
  await keepAll(home.kernel)
  assert.equal(others.lists.get(feed)?.length, listed)
  assert.ok(lists.length > 0)
})

test('[AQ-VIS-5] who gives other bytes than were asked for is not believed, and the true ones are put back', async () => {
  const others = village()
  const home = await homeIn(others)
  await keepAll(home.kernel)
  const { blocks } = home.ports
  const gone = []
  for await (const { cid, blockClass } of blocks.list()) if (blockClass === 'data') gone.push(cid)
  await blocks.delete(gone)
  others.lie = (bytes) => bytes.map((byte) => byte ^ 1)
  await assert.rejects(read(home))
  for (const cid of gone) assert.equal(await blocks.has(cid), false)
  others.lie = undefined
  assert.ok(equalBytes(await read(home), content))
  for (const cid of gone) assert.equal(await blocks.has(cid), true)
})

test('[WX-L0-2] the words bring back every identity and file; a head that its owner did not sign leads nowhere', async () => {
  const others = village()
  const home = await homeIn(others)
  const work = await home.operations.identities.create({ kind: 'sub', name: 'at work' })
  await home.operations.identities.use('at work')
  await home.operations.drive.put(itemsOf(fileItem('b.bin', content.subarray(9))), { isThorough: true })
  await keepAll(home.kernel)
  for (const [feed, heads] of others.heads_)
    others.heads_.set(feed, [{ ...(heads[0] as SignedHead), sequence: 99 }, ...heads])
  const fresh = await emptyHome(createManualClock(someDay), 7, { neighbours: others })
  await fresh.operations.account.recover({ words: home.words, name: 'ada', passphrase })
  const back = await fresh.operations.keeping.bringBack()
  assert.deepEqual([back.identities, back.files, back.missing], [2, 2, 0])
  others.isAway = true
  await fresh.operations.identities.use('ada')
  assert.ok(equalBytes(await read(fresh), content))
  await fresh.operations.identities.use(work.did)
  assert.ok(equalBytes(await read(fresh, 'b.bin'), content.subarray(9)))
  // And it goes on from there.
  await fresh.operations.drive.put(itemsOf(fileItem('c.bin', content)), { isThorough: true })
  others.isAway = false
  await keepAll(fresh.kernel)
  assert.equal((await fresh.operations.keeping.keptOf('c.bin')).guarantee, 'full')
  const again = await fresh.operations.keeping.bringBack()
  assert.deepEqual([again.blocks, again.missing], [0, 0])
})

test('a newer state of an index is waited for, and is missing where nobody gives it: an older one is not all there was', async () => {
  const others = village()
  const home = await homeIn(others)
  await keepAll(home.kernel)
  await home.operations.drive.put(itemsOf(fileItem('b.bin', content.subarray(9))), { isThorough: true })
  await keepAll(home.kernel)
  const newest = [...others.heads_.values()].map(([head]) => (head as SignedHead).head.toHex())
  const commits = newest.map((name) => [name, others.blocks.get(name) as Uint8Array] as const)
  for (const [name] of commits) others.blocks.delete(name)

  const fresh = await emptyHome(createManualClock(someDay), 7, { neighbours: others })
  await fresh.operations.account.recover({ words: home.words, name: 'ada', passphrase })
  const without = await fresh.operations.keeping.bringBack()
  assert.deepEqual([without.files, without.missing], [1, newest.length])
  for (const [name, bytes] of commits) others.blocks.set(name, bytes)
  const back = await fresh.operations.keeping.bringBack()
  assert.deepEqual([back.files, back.missing], [2, 0])
})

test('words under which nobody keeps anything bring back nothing, and that is said', async () => {
  const fresh = await emptyHome(createManualClock(someDay), 7, { neighbours: village() })
  const other = await emptyHome(createManualClock(someDay), 8)
  const { words } = await other.operations.account.init({ name: 'eve', passphrase })
  await fresh.operations.account.recover({ words, name: 'eve', passphrase })
  await assert.rejects(fresh.operations.keeping.bringBack(), { code: 'missing.index' })
})
