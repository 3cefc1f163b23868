/** What belonging to a branch means for a drive: borders, sharing, words, names of blocks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { parseCid } from '@anarq/ipld'
import type { KernelPorts } from '@anarq/kernel'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import { type BranchDocuments, encodeDocuments } from '@anarq/qnet/branch'
import { createNodeKeys } from '@anarq/qnet/record'
import { createSeededRandom } from '@anarq/random/testing'
import { emptyHome } from './family.ts'
import { createWorld, fileItem, itemsOf, passphrase, someDay, type World } from './world.ts'

const text = fromUtf8('the plan of the works, in words that somebody may look for')

/** Blocks that are a branch's, as long as this process runs. */
function memoryBranches(): NonNullable<KernelPorts['branches']> & {
  readonly bound: { all(): string[]; lose(): void }
} {
  const bound = new Map<string, string>()
  let isWhole = true
  return {
    neighboursOf: () => undefined,
    bound: {
      branchOf: (digest) => bound.get(toHex(digest)),
      async add(branch, digests) {
        for (const digest of digests) bound.set(toHex(digest), branch)
      },
      all: () => [...bound.keys()],
      lose() {
        bound.clear()
        isWhole = false
      },
      isWhole: () => isWhole,
      madeWhole() {
        isWhole = true
      },
    },
  }
}

type Branched = World & {
  readonly bound: () => string[]
  readonly lose: () => void
  /** What went to MasterNet's neighbours. */
  readonly given: Set<string>
}

/** A home with a branch, its folder /team, and a file in it and beside it. */
async function branched(wish: { stays?: boolean; sharesOutside?: boolean } = {}): Promise<Branched> {
  const branches = memoryBranches()
  const given = new Set<string>()
  const world = await createWorld({
    ports: (ports) => ({ ...ports, branches, neighbours: neighboursThatTake(given) }),
  })
  const { drive } = world.operations
  await drive.makeFolder('/team')
  await drive.makeFolder('/home')
  await world.kernel.branches.create({ name: 'works', ...wish })
  await world.kernel.branches.keep('works', '/team')
  await drive.put(itemsOf(fileItem('plan.txt', text)), { to: '/team' })
  await drive.put(itemsOf(fileItem('open.txt', text)), { to: '/home' })
  return { ...world, given, bound: branches.bound.all, lose: branches.bound.lose }
}

/** Neighbours that take all, and say so. */
function neighboursThatTake(given: Set<string>): NonNullable<KernelPorts['neighbours']> {
  return {
    copies: 6,
    isThere: () => true,
    reach: async () => {},
    count: async (_feed, digests) => digests.map((digest) => (given.has(toHex(digest)) ? 6 : 0)),
    async put(_feed, bytes) {
      given.add(toHex(hashBlake3(bytes)))
      return { copies: 6, refused: { full: 0, share: 0 } }
    },
    get: async () => undefined,
    putHead: async () => 6,
    heads: async () => [],
    putList: async () => 6,
    listEveryMs: 24 * 3_600_000,
    patienceMs: 0,
    held: () => ({ blocks: 0, bytes: 0, bytesMax: 0 }),
  }
}

async function keepAll({ kernel }: World): Promise<void> {
  while (!(await kernel.keeping.step()).isIdle);
}

function refusedAs(code: string): (error: unknown) => boolean {
  return (error) => (error as { code?: string }).code === code
}

test('nothing leaves a folder of a branch by a move or a copy, and nothing comes in that lay elsewhere [SW-OVL-5]', async () => {
  const { operations } = await branched()
  const { drive } = operations
  await drive.makeFolder('/team/deep')
  for (const act of [
    () => drive.move('/team/plan.txt', { folder: '/home' }),
    () => drive.move('/team/plan.txt', { folder: '/', name: 'p.txt', isReplacing: true }),
    () => drive.move('/team/deep', { folder: '/home' }),
    () => drive.copy('/team/plan.txt', { folder: '/home' }),
    () => drive.copy('/team', { folder: '/home' }),
    () => drive.move('/home/open.txt', { folder: '/team' }),
    () => drive.move('/home', { folder: '/team/deep' }),
    () => drive.copy('/home/open.txt', { folder: '/team/deep' }),
  ])
    await assert.rejects(act(), refusedAs('refused.branch-border'))
  // Within, and of the folder itself, all is as ever.
  await drive.move('/team/plan.txt', { folder: '/team/deep', name: 'the plan.txt' })
  const { id } = await drive.copy('/team/deep/the plan.txt', { folder: '/team', name: 'copy.txt' })
  await drive.remove(id)
  await drive.restore(id)
  await drive.move('/team', { folder: '/home', name: 'team' })
  await assert.rejects(drive.move('/home/team/copy.txt', { folder: '/' }), refusedAs('refused.branch-border'))
})

test('content of a branch has blocks of its own, though the same content lies elsewhere; every version and copy is noted [SW-OVL-5]', async () => {
  const { operations, bound, kernel } = await branched()
  const { drive } = operations
  const digestOf = async (ref: string): Promise<string> => {
    const [version] = await drive.versions(ref)
    return toHex(parseCid((version as { cid: string }).cid).multihash.digest)
  }
  assert.ok(bound().includes(await digestOf('/team/plan.txt')))
  assert.equal(bound().includes(await digestOf('/home/open.txt')), false)
  const before = bound().length
  const longer = createSeededRandom(5).bytes(3_000_000)
  await drive.put(itemsOf(fileItem('plan.txt', longer, { modifiedMs: 5 })), { to: '/team' })
  await drive.put(itemsOf({ ...fileItem('way/down/new.txt', text) }), { to: '/team' })
  await drive.put(itemsOf(fileItem('team/late.txt', longer, { modifiedMs: 6 })), { to: '/' })
  const noted = bound()
  assert.ok(noted.length > before + 4)
  for (const ref of ['/team/plan.txt', '/team/way/down/new.txt', '/team/late.txt'])
    assert.ok(noted.includes(await digestOf(ref)))
  const { digests } = await kernel.branches.provable('/team')
  assert.deepEqual(digests.map(toHex).sort(), noted.toSorted())
  // The same content beside it, and files with nothing in them on both sides.
  for (const to of ['/home', '/team']) {
    await drive.put(itemsOf(fileItem('same.bin', longer)), { to })
    await drive.put(itemsOf(fileItem('nothing', new Uint8Array(0))), { to })
  }
  for (const ref of ['/home/same.bin', '/home/nothing'])
    assert.equal(bound().includes(await digestOf(ref)), false)
  await drive.restore('/team/plan.txt', { version: 1 })
  assert.ok(bound().includes(await digestOf('/team/plan.txt')))
  for (const digest of bound()) assert.equal(kernel.branches.mayGive(fromHex(digest), undefined), false)
})

test('words of what is in a branch stay out of the index, whose blocks others keep; names do not [SW-OVL-5]', async () => {
  const { operations } = await branched()
  const found = await operations.drive.find({ text: 'words' })
  assert.deepEqual(
    found.map(({ path }) => path),
    ['/home/open.txt'],
  )
})

test('a branch is given an empty folder, that lies in no other branch, and never the whole drive', async () => {
  const { kernel, operations } = await branched()
  const { branches } = kernel
  await assert.rejects(branches.keep('works', '/home'), refusedAs('conflict.not-empty'))
  await assert.rejects(branches.keep('works', '/'), refusedAs('invalid.kind'))
  await assert.rejects(branches.keep('works', '/team/plan.txt'), refusedAs('invalid.kind'))
  await assert.rejects(branches.keep('other', '/team'), refusedAs('missing.branch'))
  await branches.create({ name: 'second' })
  await operations.drive.makeFolder('/team/inner')
  await assert.rejects(branches.keep('second', '/team/inner'), refusedAs('conflict.branch'))
})

test('what stays is shared with no identity that holds no membership, itself or in a folder above it, by the rule’s name [SW-OVL-5, SW-OVL-6]', async () => {
  const { operations } = await branched()
  await operations.identities.create({ kind: 'sub', name: 'carol' })
  const { sharing } = operations
  const options = { with: 'carol' }
  await assert.rejects(sharing.share('/team/plan.txt', options), refusedAs('refused.branch-stays'))
  await assert.rejects(sharing.share('/team', options), refusedAs('refused.branch-stays'))
  await operations.drive.makeFolder('/home/above')
  await operations.drive.move('/team', { folder: '/home/above' })
  await assert.rejects(sharing.share('/home', options), refusedAs('refused.branch-stays'))
  await sharing.share('/home/open.txt', options)
})

test('where the charter lets content leave, sharing with others is refused or allowed as it says [SW-OVL-6]', async () => {
  for (const [sharesOutside, code] of [
    [false, 'refused.branch-outside'],
    [true, undefined],
  ] as const) {
    const { operations } = await branched({ stays: false, sharesOutside })
    await operations.identities.create({ kind: 'sub', name: 'carol' })
    const shared = operations.sharing.share('/team/plan.txt', { with: 'carol' })
    if (code === undefined) await shared
    else await assert.rejects(shared, refusedAs(code))
  }
})

test('a grant from before, of a folder above, does not open what came to belong to a branch', async () => {
  const world = await createWorld({ ports: (ports) => ({ ...ports, branches: memoryBranches() }) })
  const { operations, kernel } = world
  await operations.identities.create({ kind: 'sub', name: 'carol' })
  await operations.drive.makeFolder('/all/team')
  await operations.drive.put(itemsOf(fileItem('open.txt', text)), { to: '/all' })
  const { ping } = await operations.sharing.share('/all', { with: 'carol' })
  await kernel.branches.create({ name: 'works' })
  await kernel.branches.keep('works', '/all/team')
  await operations.drive.put(itemsOf(fileItem('plan.txt', text)), { to: '/all/team' })
  await world.as('carol', async () => {
    const seen = await Array.fromAsync(operations.sharing.walk(ping), ({ path }) => path)
    assert.deepEqual(seen, ['all', 'all/open.txt'])
  })
})

test('branches, their folders and what is noted are there after a restart; while it is locked nothing of them is given away', async () => {
  const world = await branched()
  const [digest] = world.bound()
  const again = await world.reopen()
  assert.equal(again.branches.mayGive(fromHex(digest as string), undefined), false)
  await again.operations.account.unlock({ passphrase })
  const [works] = await again.branches.list()
  assert.equal(works?.state, 'member')
  assert.deepEqual(works?.folders, ['/team'])
  await assert.rejects(
    again.operations.drive.move('/team/plan.txt', { folder: '/home' }),
    refusedAs('refused.branch-border'),
  )
})

test('no block of a branch goes to the neighbours of MasterNet, though notes of which are its own were lost [SW-OVL-5]', async () => {
  const world = await branched()
  const { operations, kernel, given, bound } = world
  await keepAll(world)
  const before = bound()
  assert.ok(given.size > 3)
  assert.ok(before.length >= 2 && before.every((digest) => !given.has(digest)))
  world.lose()
  await operations.drive.put(itemsOf(fileItem('more.txt', 'beside it')), { to: '/home' })
  kernel.keeping.lookAgain()
  const again = await world.reopen()
  await again.operations.account.unlock({ passphrase })
  while (!(await again.keeping.step()).isIdle);
  assert.ok(before.every((digest) => !given.has(digest)))
  // Until all is noted again, no door gives away what may be a branch's.
  await again.branches.load()
  const [digest] = before as [string]
  assert.equal(again.branches.mayGive(fromHex(digest), undefined), false)
  assert.deepEqual(bound(), [])
  await again.branches.noteAll()
  assert.deepEqual(bound().sort(), before.sort())
  assert.equal(again.branches.mayGive(fromHex(digest), undefined), false)
  assert.equal(again.branches.mayGive(fromHex([...given][0] as string), undefined), true)
})

const nobody = (): Promise<never> => Promise.reject(new Error('nobody'))

test('a holder of a membership reads what stays at a node that is a member, and at no other [SW-OVL-5]', async () => {
  const clock = createManualClock(someDay)
  const alice = await emptyHome(clock, 1, {
    branches: memoryBranches(),
    peers: { places: async () => ['alice’s node'], ask: nobody, greet: nobody },
  })
  let from: NodeId | undefined
  const bob = await emptyHome(clock, 2, {
    peers: {
      places: async () => [],
      ask: async (_places, question) => alice.kernel.answer(question, from),
      greet: nobody,
    },
  })
  for (const [home, name] of [[alice, 'alice'] as const, [bob, 'bob'] as const])
    await home.operations.account.init({ name, passphrase })
  const { card, did } = await bob.operations.identities.show('bob')
  await alice.operations.identities.learn(card)
  await bob.operations.identities.learn((await alice.operations.identities.show('alice')).card)
  const { branches } = alice.kernel
  await alice.operations.drive.makeFolder('/team')
  await branches.create({ name: 'works' })
  await branches.keep('works', '/team')
  await alice.operations.drive.put(itemsOf(fileItem('plan.txt', text)), { to: '/team' })
  const node = createNodeKeys(bob.kernel.nodeSecret())
  await branches.admit('works', { nodeKey: node.publicKey, holder: did }, someDay + 86_400_000)
  const { ping } = await alice.operations.sharing.share('/team/plan.txt', { with: did })
  const read = async (): Promise<string> => {
    const { stream } = await bob.operations.sharing.open(ping)
    return toUtf8(concatBytes(...(await Array.fromAsync(stream))))
  }
  from = node.id
  assert.equal(await read(), toUtf8(text))
  from = createNodeKeys(new Uint8Array(32)).id
  await assert.rejects(read(), refusedAs('refused.branch-stays'))
  from = undefined
  await assert.rejects(read(), refusedAs('refused.branch-stays'))
})

test('an admin whose keys were renewed signs with the new ones, and what the old ones signed stands', async () => {
  const { kernel, operations } = await branched()
  const nodeKey = createNodeKeys(new Uint8Array(32).fill(3)).publicKey
  const { did } = await operations.identities.rotate('')
  const facts = await kernel.branches.admit('works', { nodeKey, holder: did }, someDay + 86_400_000)
  assert.equal(facts.members.filter(({ isAdmitted }) => isAdmitted).length, 2)
  const expelled = await kernel.branches.expel(
    'works',
    facts.members.find(({ isSelf }) => !isSelf)?.node ?? '',
  )
  assert.equal(expelled.members.length, 1)
})

test('what is changed at one moment all stands: memberships, folders, and what another member told', async () => {
  const { kernel, operations } = await branched()
  const { branches } = kernel
  const [before] = await branches.load()
  const told = encodeDocuments(before?.branch?.documents as BranchDocuments)
  await operations.drive.makeFolder('/second')
  const holder = (await operations.identities.list())[0]?.did as string
  const nodeKeys = [3, 4, 5].map((seed) => createNodeKeys(new Uint8Array(32).fill(seed)).publicKey)
  await Promise.all([
    branches.keep('works', '/second'),
    ...nodeKeys.map((nodeKey) => branches.admit('works', { nodeKey, holder }, someDay + 86_400_000)),
    branches.take(before?.id as string, told, undefined),
  ])
  const { folders, members } = await branches.show('works')
  assert.equal(members.length, 4)
  assert.deepEqual(folders.toSorted(), ['/second', '/team'])
})
