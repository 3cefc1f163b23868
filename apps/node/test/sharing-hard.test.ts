import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromHex } from '@anarq/bytes'
import { createManualClock } from '@anarq/clock/testing'
import { Fault, unwrap } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import { type Cid, cidKey, digestOf, parseCid } from '@anarq/ipld'
import type { KernelPorts, Operations, ResealProgress } from '@anarq/kernel'
import { openChunk } from '@anarq/qlock'
import { blocksOf, openEnvelope, openSlot, parseEnvelope, readChunks } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, type OpenIdentity, recoverKeyring } from '@anarq/squid'
import { withDiskHome } from './disk-home.ts'
import {
  addIdentity,
  bytesOf,
  createWorld,
  fileItem,
  itemsOf,
  noise,
  passphrase,
  putFile,
  someDay,
  textOf,
  type World,
} from './world.ts'

/** One home with alice, bob and carol for all tests here: each test works on files of its own. */
const world = await createWorld({ seed: 41 })
const { operations, ports, clock } = world
const { drive, sharing } = operations
await addIdentity(world, 'bob')
await addIdentity(world, 'carol')

type Home = Pick<World, 'operations' | 'words'> & { readonly ports: Pick<KernelPorts, 'blocks'> }

function keysOfAlice({ words }: Home): OpenIdentity {
  const random = createSeededRandom(99)
  const device = createDevice('test', random)
  const keyring = unwrap(recoverKeyring(words, { device, clock: createManualClock(someDay), random }))
  return keyring.open(keyring.current())
}

/** What a reader has who opened every version and threw nothing away: each content key, and with it each chunk's. */
type Kept = {
  readonly contentKeys: readonly Uint8Array[]
  readonly chunkKeys: readonly Uint8Array[]
  readonly blocks: ReadonlyMap<string, Cid>
}

async function keptOf(home: Home, ref: string): Promise<Kept> {
  const { blocks } = home.ports
  using alice = keysOfAlice(home)
  const kept = {
    contentKeys: [] as Uint8Array[],
    chunkKeys: [] as Uint8Array[],
    blocks: new Map<string, Cid>(),
  }
  for (const { cid: text } of await home.operations.drive.versions(ref)) {
    const cid = parseCid(text)
    const envelope = parseEnvelope((await blocks.get(cid)) as Uint8Array)
    // The content key is all that a release gives to a reader.
    const contentKey = openSlot(envelope, { kek: (epoch) => alice.kekOf(epoch) }) as Uint8Array
    const inner = openEnvelope(envelope, contentKey)
    kept.contentKeys.push(contentKey)
    kept.chunkKeys.push(inner.body.key)
    for await (const { ref: chunk } of readChunks(blocks, inner.body)) kept.chunkKeys.push(chunk.key)
    kept.blocks.set(cidKey(digestOf(cid)), cid)
    for await (const block of blocksOf(blocks, inner)) kept.blocks.set(cidKey(digestOf(block)), block)
  }
  return kept
}

/** How many blocks of the whole store open with what a reader kept: as envelopes, as lists and as chunks. */
async function openedBy({ contentKeys, chunkKeys }: Kept, home: Home): Promise<number> {
  let opened = 0
  for await (const { cid } of home.ports.blocks.list()) {
    const bytes = (await home.ports.blocks.get(cid)) as Uint8Array
    const isOpen =
      chunkKeys.some((key) => openChunk(key, bytes) !== undefined) ||
      contentKeys.some((key) => isOpenedBy(key, bytes))
    if (isOpen) opened += 1
  }
  return opened
}

function isOpenedBy(contentKey: Uint8Array, bytes: Uint8Array): boolean {
  try {
    openEnvelope(parseEnvelope(bytes), contentKey)
    return true
  } catch {
    return false
  }
}

async function contentsOf({ drive: theirs }: Operations, ref: string): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for (const { version } of await theirs.versions(ref))
    all.push(await bytesOf((await theirs.get(ref, { version })).stream))
  return all
}

function openAs(name: string, ping: Uint8Array): Promise<Uint8Array> {
  return world.as(name, async () => bytesOf((await sharing.open(ping)).stream))
}

test('AQ-QONSENT-7, WX-PNG-6: after a hard revocation a reader who kept every old key opens nothing that is in the store, and the owner reads all versions', async () => {
  const large = noise(2_500_000, 5)
  await putFile(world, 'plans/film.bin', large)
  clock.advance(1000)
  // The second version shares most of its chunks with the first.
  await putFile(world, 'plans/film.bin', concatBytes(large, noise(1000, 6)), { modifiedMs: clock.nowMs() })
  await drive.tag('film.bin', { add: ['draft'] })
  const { ping, grant } = await sharing.share('film.bin', { with: 'bob' })
  const carols = await sharing.share('film.bin', { with: 'carol' })
  await openAs('bob', ping)
  const kept = await keptOf(world, 'film.bin')
  assert.ok((await openedBy(kept, world)) >= kept.blocks.size, 'before, every old key opens its block')
  const before = {
    entry: await drive.entry('film.bin'),
    versions: (await drive.versions('film.bin')).map(({ cid: _, storedBytes: __, ...facts }) => facts),
    contents: await contentsOf(operations, 'film.bin'),
  }

  const report = await sharing.revokeHard(grant.id)
  assert.deepEqual([report.files, report.versions, report.keptBlocks, report.skipped], [1, 2, 0, []])
  assert.deepEqual([report.grant.state, report.buriedBlocks], ['revoked', kept.blocks.size])
  assert.ok(report.bytes < 1.9 * large.length, 'what versions share is sealed once')

  assert.equal(await openedBy(kept, world), 0)
  for (const cid of kept.blocks.values()) assert.equal(await ports.blocks.has(cid), false)
  await assert.rejects(openAs('bob', ping), { code: 'refused.revoked' })
  assert.deepEqual(
    {
      entry: await drive.entry('film.bin'),
      versions: (await drive.versions('film.bin')).map(({ cid: _, storedBytes: __, ...facts }) => facts),
      contents: await contentsOf(operations, 'film.bin'),
    },
    before,
    'name, place, tags, times and contents are what they were',
  )
  assert.deepEqual((await operations.health.verify()).findings, [])
  assert.ok(equalBytes(await openAs('carol', carols.ping), before.contents[0] as Uint8Array))
})

test('what comes after a hard revocation meets no old block: a new version, an older one restored, the same content put again, also after a restart', async () => {
  const home = await createWorld({ seed: 42 })
  await addIdentity(home, 'bob')
  const first = noise(1_800_000, 7)
  await putFile(home, 'book.bin', first)
  const { grant } = await home.operations.sharing.share('book.bin', { with: 'bob' })
  const kept = await keptOf(home, 'book.bin')
  await home.operations.sharing.revokeHard(grant.id)
  const { drive: theirs } = home.operations
  const putLater = async (content: Uint8Array, to = theirs) => {
    home.clock.advance(1000)
    const item = fileItem('book.bin', content, { modifiedMs: home.clock.nowMs() })
    return to.put(itemsOf(item, fileItem('other.txt', 'sealed like everything else')), { isThorough: true })
  }
  await putLater(concatBytes(first, noise(10, 8)))
  await theirs.restore('book.bin', { version: 1 })
  await putLater(first)
  assert.equal(await openedBy(kept, home), 0)

  await home.kernel.close()
  const again = await home.reopen()
  await again.operations.account.unlock({ passphrase })
  await putLater(concatBytes(noise(10, 9), first), again.operations.drive)
  assert.equal(await openedBy(kept, home), 0)
  assert.equal((await again.operations.drive.versions('book.bin')).length, 5)
  assert.deepEqual((await again.operations.health.verify()).findings, [])
  await again.close()
})

test('content that lies in another file too stays readable there, and the report says that its blocks stay', async () => {
  const content = noise(900_000, 11)
  await putFile(world, 'twin-a.bin', content)
  await putFile(world, 'twin-b.bin', content)
  const { grant } = await sharing.share('twin-a.bin', { with: 'bob' })
  const report = await sharing.revokeHard(grant.id)
  assert.ok(report.keptBlocks > 0)
  assert.equal(report.buriedBlocks, 1, 'the envelope was of this file alone')
  for (const name of ['twin-a.bin', 'twin-b.bin'])
    assert.ok(equalBytes(await bytesOf((await drive.get(name)).stream), content), name)
  assert.deepEqual((await operations.health.verify()).findings, [])
})

test('each hard revocation uses other keys than the one before', async () => {
  await putFile(world, 'again.bin', noise(700_000, 12))
  const keys: string[] = []
  let last = ''
  for (let round = 0; round < 3; round += 1) {
    const { grant } = await sharing.share('again.bin', { with: 'bob' })
    const kept = await keptOf(world, 'again.bin')
    keys.push(...kept.chunkKeys.slice(0, 1).map((key) => Buffer.from(key).toString('hex')))
    await sharing.revokeHard(grant.id)
    assert.equal(await openedBy(kept, world), 0)
    last = grant.id
  }
  assert.equal(new Set(keys).size, 3)
  // Revoked already: what it names is sealed anew once more.
  const before = await keptOf(world, 'again.bin')
  assert.equal((await sharing.revokeHard(last)).files, 1)
  assert.equal(await openedBy(before, world), 0)
})

test('a file with a second lock, an empty one and a link are sealed anew without being opened', async () => {
  await drive.put(itemsOf(fileItem('sealed.txt', 'twice locked')), { to: '/mix', lock: 'second passphrase' })
  await drive.put(itemsOf(fileItem('empty.txt', ''), fileItem('link', 'target', { type: 'inode/symlink' })), {
    to: '/mix',
  })
  const { grant } = await sharing.share('mix', { with: 'bob' })
  assert.deepEqual((await sharing.revokeHard(grant.id)).skipped, [])
  assert.equal(
    await textOf(await drive.get('/mix/sealed.txt', { lock: 'second passphrase' })),
    'twice locked',
  )
  await assert.rejects(drive.get('/mix/sealed.txt'), { code: 'refused.lock' })
  assert.equal(await textOf(await drive.get('/mix/empty.txt')), '')
  const link = await drive.get('/mix/link')
  assert.deepEqual([await textOf(link), link.type], ['target', 'inode/symlink'])
  // The same empty file again is the same content still.
  const { unchanged } = await drive.put(itemsOf(fileItem('empty.txt', '')), { to: '/mix', isThorough: true })
  assert.equal(unchanged, 1)
})

test('a folder that is revoked hard is sealed anew with all that lies in it, its trash too; what was moved out is not', async () => {
  await drive.put(
    itemsOf(
      ...['a.txt', 'sub/b.txt', 'sub/gone.txt', 'out.txt'].map((path) => fileItem(`team/${path}`, path)),
    ),
  )
  const { grant } = await sharing.share('team', { with: 'bob' })
  const inside = ['/team/a.txt', '/team/sub/b.txt', '/team/sub/gone.txt']
  const kept = await Promise.all(inside.map((path) => keptOf(world, path)))
  const movedOut = await keptOf(world, '/team/out.txt')
  await drive.move('/team/out.txt', { folder: '/' })
  await drive.remove('/team/sub/gone.txt')
  const seen: ResealProgress[] = []
  const report = await sharing.revokeHard(grant.id, { onProgress: (progress) => seen.push(progress) })
  assert.deepEqual([report.files, report.versions, report.skipped], [3, 3, []])
  for (const keys of kept) assert.equal(await openedBy(keys, world), 0)
  assert.ok((await openedBy(movedOut, world)) > 0)
  assert.deepEqual([...new Set(seen.map(({ stage }) => stage))], ['waiting', 'sealing', 'burying'])
  assert.ok(seen.every(({ bytes }, i) => bytes >= (seen[i - 1]?.bytes ?? 0)))
  await drive.restore('gone.txt')
  for (const path of inside) assert.equal(await textOf(await drive.get(path)), path.slice('/team/'.length))
})

test('what is damaged in one file of a folder is named and stays as it was; the others are sealed anew', async () => {
  const home = await createWorld({ seed: 43 })
  await addIdentity(home, 'bob')
  const { drive: theirs, sharing: shares } = home.operations
  await theirs.put(itemsOf(fileItem('f/good.txt', 'good'), fileItem('f/bad.txt', 'bad')))
  const { grant } = await shares.share('f', { with: 'bob' })
  const bad = await keptOf(home, '/f/bad.txt')
  const good = await keptOf(home, '/f/good.txt')
  const [badVersion] = await theirs.versions('/f/bad.txt')
  await home.ports.blocks.delete([...bad.blocks.values()].filter((cid) => cid.toString() !== badVersion?.cid))
  const report = await shares.revokeHard(grant.id)
  assert.deepEqual(
    report.skipped.map(({ path, code }) => [path, code]),
    [['/f/bad.txt', 'damaged.missing']],
  )
  assert.equal(report.files, 1)
  assert.equal(await openedBy(good, home), 0)
  assert.deepEqual(
    (await theirs.versions('/f/bad.txt')).map(({ cid }) => cid),
    [badVersion?.cid],
  )
  assert.equal(await textOf(await theirs.get('/f/good.txt')), 'good')
})

/** A home whose store fails where a test says so. */
async function failing(seed: number) {
  const fails = { at: (_call: string): boolean => false }
  const home = await createWorld({
    seed,
    ports: (all) => {
      const guarded =
        <A extends unknown[], T>(name: string, act: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          if (fails.at(name)) throw new Fault('unavailable.full', `The disk is full (${name}).`)
          return act(...args)
        }
      return {
        ...all,
        blocks: {
          ...all.blocks,
          put: guarded('put', all.blocks.put),
          putSealed: guarded('putSealed', all.blocks.putSealed),
        },
        heads: { ...all.heads, put: guarded('heads', all.heads.put) },
        compact: guarded('compact', all.compact),
      }
    },
  })
  await addIdentity(home, 'bob')
  const first = noise(2_000_000, 21)
  await putFile(home, 'x.bin', first)
  home.clock.advance(1000)
  await putFile(home, 'x.bin', concatBytes(noise(20, 22), first), { modifiedMs: home.clock.nowMs() })
  const { grant, ping } = await home.operations.sharing.share('x.bin', { with: 'bob' })
  return { home, fails, grant, ping, contents: await contentsOf(home.operations, 'x.bin') }
}

for (const call of ['putSealed', 'put', 'heads'] as const) {
  test(`whichever step fails on the way (${call}), the file is as it was and the grant is revoked; the next attempt does it`, async () => {
    const { home, fails, grant, ping, contents } = await failing(44)
    const { drive: theirs, sharing: shares, health } = home.operations
    const cids = async () => (await theirs.versions('x.bin')).map(({ cid }) => cid)
    const before = await cids()
    let failed = 0
    for (let nth = 1; nth < 40; nth += 1) {
      let isSealing = false
      let count = 0
      fails.at = (name) => {
        if (!isSealing || name !== call) return false
        count += 1
        return count === nth
      }
      const attempt = shares.revokeHard(grant.id, { onProgress: () => (isSealing = true) })
      const code = await attempt.then(
        () => 'done',
        (error: Fault) => error.code,
      )
      fails.at = () => false
      if (code === 'done') break
      failed += 1
      assert.equal(code, 'unavailable.full')
      await assert.rejects(
        home.as('bob', () => shares.open(ping)),
        { code: 'refused.revoked' },
      )
      home.clock.advance(20 * 60_000)
      assert.deepEqual(await cids(), before, `after ${nth}`)
      assert.deepEqual(await contentsOf(home.operations, 'x.bin'), contents)
      assert.deepEqual((await health.verify('x.bin')).findings, [])
      if (nth > 2) break
    }
    assert.ok(failed > 0)
    const kept = await keptOf(home, 'x.bin')
    await shares.revokeHard(grant.id)
    assert.equal(await openedBy(kept, home), 0)
    assert.deepEqual(await contentsOf(home.operations, 'x.bin'), contents)
  })
}

test('where the old blocks cannot be taken away, the report says so, and the next compaction does it', async () => {
  const { home, fails, grant, contents } = await failing(45)
  const kept = await keptOf(home, 'x.bin')
  fails.at = (name) => name === 'compact'
  const report = await home.operations.sharing.revokeHard(grant.id)
  assert.deepEqual([report.files, report.buriedBlocks, report.keptBlocks], [1, 0, kept.blocks.size])
  assert.deepEqual(
    report.skipped.map(({ path, code }) => [path, code]),
    [['', 'unavailable.full']],
  )
  fails.at = () => false
  await home.operations.health.compact()
  assert.equal(await openedBy(kept, home), 0)
  assert.deepEqual(await contentsOf(home.operations, 'x.bin'), contents)
})

test('a hard revocation that is called off leaves each file done or as it was', async () => {
  const { home, grant, contents } = await failing(46)
  const stop = new AbortController()
  const attempt = home.operations.sharing.revokeHard(grant.id, {
    signal: stop.signal,
    onProgress: ({ stage }) => {
      if (stage === 'sealing') stop.abort()
    },
  })
  await assert.rejects(attempt, { name: 'AbortError' })
  assert.deepEqual(await contentsOf(home.operations, 'x.bin'), contents)
  await assert.rejects(home.operations.sharing.revokeHard(grant.id, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  })
  assert.equal((await home.operations.sharing.grants('out'))[0]?.state, 'revoked')
})

test('a put of the same content that is under way while its blocks would be taken away loses nothing', async () => {
  const content = noise(1_400_000, 31)
  await putFile(world, 'held.bin', content)
  const { grant } = await sharing.share('held.bin', { with: 'bob' })
  let goOn = (): void => {}
  const waiting = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let isHalfway = (): void => {}
  const halfway = new Promise<void>((resolve) => {
    isHalfway = resolve
  })
  async function* slowly(): AsyncIterable<Uint8Array> {
    yield content.subarray(0, 1_300_000)
    isHalfway()
    await waiting
    yield content.subarray(1_300_000)
  }
  const item = { ...fileItem('copy.bin', content), bytes: undefined, content: streamContent(slowly()) }
  const putting = drive.put(itemsOf(item))
  await halfway
  const revoking = sharing.revokeHard(grant.id, { onProgress: () => goOn() })
  await Promise.all([putting, revoking])
  for (const name of ['copy.bin', 'held.bin'])
    assert.ok(equalBytes(await bytesOf((await drive.get(name)).stream), content), name)
  assert.deepEqual((await operations.health.verify()).findings, [])
})

test('AQ-QONSENT-7: nobody revokes hard what was given to them, or what is no grant', async () => {
  const id = await putFile(world, 'not-yours.bin', 'still mine')
  const { ping, grant } = await sharing.share(id, { with: 'bob' })
  await openAs('bob', ping)
  const [version] = await drive.versions(id)
  await assert.rejects(
    world.as('bob', () => sharing.revokeHard(grant.id)),
    { code: 'refused.not-yours' },
  )
  await assert.rejects(
    world.as('carol', () => sharing.revokeHard(grant.id)),
    { code: 'missing.grant' },
  )
  assert.equal((await drive.versions(id))[0]?.cid, version?.cid)
  assert.equal(Buffer.from(await openAs('bob', ping)).toString(), 'still mine')
})

test('a grant for what is gone for good is revoked hard all the same: there is nothing to seal', async () => {
  await putFile(world, 'gone.bin', 'gone')
  const { grant } = await sharing.share('gone.bin', { with: 'bob' })
  await drive.remove('gone.bin', { isForever: true })
  const report = await sharing.revokeHard(grant.id)
  assert.deepEqual([report.grant.state, report.files, report.skipped], ['revoked', 0, []])
})

test('AQ-QERBEROS-21: the owner finds in the audit log what was sealed anew, and why', async () => {
  const id = await putFile(world, 'noted.bin', 'noted')
  const { grant } = await sharing.share(id, { with: 'bob' })
  await sharing.revokeHard(grant.id)
  const [entry] = await operations.audit.tail({ object: id, action: 'object.reseal' })
  assert.deepEqual([entry?.verdict, entry?.details.grant, entry?.details.versions], ['ok', grant.id, 1])
  assert.ok(fromHex(entry?.object as string).length === 16)
})

test('on the disk: a hard revocation holds over a restart, and everything verifies', async () => {
  await withDiskHome(async (home) => {
    const content = noise(3_000_000, 51)
    const first = await home.open()
    await first.operations.identities.create({ kind: 'sub', name: 'bob' })
    await first.operations.drive.put(itemsOf(fileItem('disk.bin', content)))
    const { grant } = await first.operations.sharing.share('disk.bin', { with: 'bob' })
    const before = (await first.operations.drive.versions('disk.bin'))[0]?.cid as string
    const report = await first.operations.sharing.revokeHard(grant.id)
    assert.deepEqual([report.files, report.keptBlocks, report.skipped], [1, 0, []])
    assert.equal(await first.packs.blocks.has(parseCid(before)), false)
    await first.close()
    const again = await home.open()
    assert.equal(await again.packs.blocks.has(parseCid(before)), false)
    assert.ok(equalBytes(await bytesOf((await again.operations.drive.get('disk.bin')).stream), content))
    assert.deepEqual((await again.operations.health.verify()).findings, [])
    await again.close()
  })
})
