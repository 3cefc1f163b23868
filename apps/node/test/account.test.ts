import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { createCedar } from '@anarq/cedar'
import { createManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import { createKernel, type Kernel, type KernelPorts, type SmallFile } from '@anarq/kernel'
import { createMemoryPorts } from '@anarq/kernel/testing'
import { encodeCarBlock, encodeCarHeader, readCar } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
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
} from './world.ts'

const mebibyte = 1024 * 1024
const clock = createManualClock(someDay)

async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_537) yield bytes.subarray(at, at + 65_537)
}

/** Into a home of its own, in memory. */
async function restoreInto(bytes: Uint8Array) {
  const ports = createMemoryPorts({ clock, random: createSeededRandom(7), createPolicies: createCedar })
  const kernel = await createKernel({ ports, version: '0.0.0' })
  return { kernel, ports, restoring: kernel.operations.health.restoreBackup(inPieces(bytes)) }
}

/** Eight of them, as a bad sector or a bad line makes them. */
function withBadBytes(bytes: Uint8Array, at: number): Uint8Array {
  const bad = bytes.slice()
  for (let i = at; i < at + 8; i += 1) bad[i] = (bad[i] as number) ^ 0x55
  return bad
}

type Section = { readonly cid: string; readonly at: number; readonly bytes: number }

/** Where each block lies in a backup. */
async function sectionsOf(backup: Uint8Array): Promise<Section[]> {
  const { roots, blocks } = await readCar(inPieces(backup))
  let at = encodeCarHeader(roots).length
  const sections: Section[] = []
  for await (const block of blocks) {
    const { length } = encodeCarBlock(block)
    sections.push({ cid: block.cid.toString(), at, bytes: length })
    at += length
  }
  return sections
}

test('AQ-QLOCK-1, AQ-QLOCK-15: after a rotation of keys old data is readable, new data lies under new keys, and the books are whole', async () => {
  for (const who of ['alice', 'work'] as const) {
    const other = await createWorld({ seed: who === 'alice' ? 92 : 93 })
    await addIdentity(other, 'work')
    const { identities, drive: theirs } = other.operations
    await identities.use(who)
    const content = noise(2 * mebibyte, 94)
    await putFile(other, 'old.bin', content)
    const before = await identities.show('')
    const after = await identities.rotate('')
    assert.equal(after.epoch, before.epoch + 1)
    assert.ok(equalBytes(await bytesOf((await theirs.get('old.bin')).stream), content), who)
    const report = await theirs.put(itemsOf(fileItem('new.bin', content)))
    assert.ok(report.newBytes >= content.length, 'the same content under new keys is another block')
    assert.ok(equalBytes(await bytesOf((await theirs.get('new.bin')).stream), content))
    await putFile(other, 'old.bin', 'newer', { modifiedMs: someDay })
    assert.ok(equalBytes(await bytesOf((await theirs.get('old.bin', { version: 1 })).stream), content))
    await identities.rotate('')
    await other.kernel.close()

    const again = await other.reopen()
    await again.operations.account.unlock({ passphrase })
    assert.ok(equalBytes(await bytesOf((await again.operations.drive.get('new.bin')).stream), content))
    assert.equal(await textOf(await again.operations.drive.get('old.bin')), 'newer')
    assert.deepEqual((await again.operations.health.verify()).findings, [], who)
    assert.deepEqual((await again.operations.audit.verify()).findings, [], who)
    assert.deepEqual(other.faults, [])
    await again.close()
  }
})

test('locked, nothing is answered; the right passphrase opens it again, a wrong one does not', async () => {
  const other = await createWorld({ seed: 95 })
  await putFile(other, 'x.txt', 'x')
  const { account, drive: theirs, audit, identities, sharing, health } = other.operations
  await account.lock()
  assert.equal((await account.status()).state, 'locked')
  assert.equal((await account.status()).current, undefined)
  const asked: readonly (() => Promise<unknown>)[] = [
    () => theirs.list('/'),
    () => theirs.get('x.txt'),
    () => putFile(other, 'y.txt', 'y'),
    () => identities.list(),
    () => audit.tail(),
    () => sharing.grants(),
    () => health.verify(),
  ]
  for (const ask of asked) await assert.rejects(ask(), { code: 'refused.locked' })
  await assert.rejects(account.unlock({ passphrase: `${passphrase}x` }), ({ code, message }: Fault) => {
    assert.match(code, /^refused\./)
    assert.match(message, /passphrase/)
    return true
  })
  assert.equal((await account.status()).state, 'locked')
  await account.unlock({ passphrase })
  assert.equal(await textOf(await theirs.get('x.txt')), 'x')
})

test('a changed passphrase opens, the former one no longer does; a wrong or short one changes nothing', async () => {
  const other = await createWorld({ seed: 96 })
  const { account } = other.operations
  const to = 'an entirely new passphrase'
  await assert.rejects(account.changePassphrase({ from: 'wrong', to }), ({ code }: Fault) =>
    code.startsWith('refused.'),
  )
  await assert.rejects(account.changePassphrase({ from: passphrase, to: 'short' }), {
    code: 'invalid.passphrase',
  })
  await account.lock()
  await account.unlock({ passphrase })
  await account.changePassphrase({ from: passphrase, to })
  await account.lock()
  await assert.rejects(account.unlock({ passphrase }), ({ code }: Fault) => code.startsWith('refused.'))
  await account.unlock({ passphrase: to })
  await other.kernel.close()
  const again = await other.reopen()
  await again.operations.account.unlock({ passphrase: to })
  await again.close()
})

/** The same blocks and heads on a new device: the vault, the logs and the cache are gone. */
function onNewDevice({ blocks, heads, createView }: KernelPorts): KernelPorts {
  const fresh = createMemoryPorts({
    clock,
    random: createSeededRandom(1234),
    createPolicies: createCedar,
  })
  return { ...fresh, blocks, heads, createView }
}

function recovered(ports: KernelPorts): Promise<Kernel> {
  return createKernel({ ports, version: '0.0.0' })
}

test('AQ-SQUID-18, AQ-QLOCK-1: the words with the blocks bring every identity back with all of its files', async () => {
  const other = await createWorld({ seed: 97 })
  await addIdentity(other, 'work')
  await addIdentity(other, 'secret', 'anonymous')
  await putFile(other, 'mine.txt', 'mine')
  await other.as('work', () => putFile(other, 'ours.txt', 'ours'))
  await other.as('secret', () => putFile(other, 'nobody.txt', 'nobody'))
  const dids = (await other.operations.identities.list()).map(({ did }) => did).sort()
  assert.equal(await other.operations.identities.drill(other.words), true)
  await other.kernel.close()

  const kernel = await recovered(onNewDevice(other.ports))
  const back = await kernel.operations.account.recover({
    words: other.words,
    name: 'alice',
    passphrase: 'another passphrase',
  })
  assert.deepEqual(back, { did: other.did, identities: 3 })
  assert.deepEqual((await kernel.operations.identities.list()).map(({ did }) => did).sort(), dids)
  assert.equal(await textOf(await kernel.operations.drive.get('mine.txt')), 'mine')
  await kernel.operations.identities.use('work')
  assert.equal(await textOf(await kernel.operations.drive.get('ours.txt')), 'ours')
  await kernel.operations.identities.use('secret')
  assert.equal(await textOf(await kernel.operations.drive.get('nobody.txt')), 'nobody')
  assert.deepEqual((await kernel.operations.health.verify()).findings, [])
  await kernel.close()
})

test('AQ-SQUID-18: the words without the blocks bring the root back, and it works', async () => {
  const other = await createWorld({ seed: 98 })
  await addIdentity(other, 'work')
  const nowhere = createMemoryPorts({
    clock,
    random: createSeededRandom(4321),
    createPolicies: createCedar,
  })
  const kernel = await recovered(nowhere)
  const back = await kernel.operations.account.recover({ words: other.words, name: 'alice', passphrase })
  assert.deepEqual(back, { did: other.did, identities: 1 })
  await putFile(kernel, 'new.txt', 'new')
  assert.equal(await textOf(await kernel.operations.drive.get('new.txt')), 'new')
  await kernel.close()
})

test('AQ-SQUID-18: the words bring identities back whose keys were rotated since', async () => {
  const other = await createWorld({ seed: 99 })
  await addIdentity(other, 'work')
  await putFile(other, 'mine.txt', 'mine')
  await other.as('work', () => putFile(other, 'ours.txt', 'ours'))
  await other.operations.identities.rotate('work')
  await other.operations.identities.rotate('alice')
  await putFile(other, 'later.txt', 'later')
  await other.kernel.close()
  const kernel = await recovered(onNewDevice(other.ports))
  const back = await kernel.operations.account.recover({ words: other.words, name: 'alice', passphrase })
  assert.deepEqual(back, { did: other.did, identities: 2 })
  assert.equal(await textOf(await kernel.operations.drive.get('mine.txt')), 'mine')
  assert.equal(await textOf(await kernel.operations.drive.get('later.txt')), 'later')
  await kernel.operations.identities.use('work')
  assert.equal(await textOf(await kernel.operations.drive.get('ours.txt')), 'ours')
  await kernel.close()
})

test('words with a mistake, words of somebody else, and words into a home that is taken bring nothing back', async () => {
  const other = await createWorld({ seed: 100 })
  await putFile(other, 'mine.txt', 'mine')
  const stranger = await createWorld({ seed: 110 })
  const { account } = other.operations
  await assert.rejects(account.recover({ words: other.words, name: 'x', passphrase }), {
    code: 'conflict.identity',
  })
  assert.equal(await textOf(await other.operations.drive.get('mine.txt')), 'mine')
  assert.equal(await other.operations.identities.drill(stranger.words), false)
  const kernel = await recovered(onNewDevice(other.ports))
  const wrong = other.words.split(' ').toReversed().join(' ')
  for (const words of [wrong, '', 'hello', other.words.split(' ').slice(1).join(' ')]) {
    await assert.rejects(
      kernel.operations.account.recover({ words, name: 'x', passphrase }),
      ({ code }: Fault) => code.startsWith('invalid.'),
      words,
    )
    assert.equal((await kernel.operations.account.status()).state, 'empty')
  }
  const back = await kernel.operations.account.recover({ words: stranger.words, name: 'x', passphrase })
  assert.equal(back.did, stranger.did)
  assert.deepEqual(await kernel.operations.drive.list('/'), [])
  await kernel.close()
})

test('a vault that a write tore or that somebody changed opens with no passphrase, and says what to do', async () => {
  const other = await createWorld({ seed: 101 })
  const whole = (await other.ports.vault.read()) as Uint8Array
  const sealed: SmallFile = { read: async () => bytes, write: async () => {} }
  let bytes = whole
  for (const change of [
    whole.subarray(0, whole.length - 1),
    whole.map((byte, i) => (i === whole.length - 5 ? byte ^ 1 : byte)),
    whole.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    fromUtf8('not a vault'),
  ]) {
    bytes = change
    const attempt = recovered({ ...other.ports, vault: sealed }).then(async (kernel) => {
      assert.equal((await kernel.operations.account.status()).state, 'locked')
      await kernel.operations.account.unlock({ passphrase })
    })
    await assert.rejects(attempt, ({ code, message }: Fault) => {
      assert.match(code, /^(damaged|invalid|refused)\./)
      assert.match(message, /vault|passphrase/)
      return true
    })
  }
})

test('AQ-QERBEROS-20: a backup restored elsewhere has every file, every version and a whole audit log; what is none leaves nothing', async () => {
  const other = await createWorld({ seed: 102 })
  await addIdentity(other, 'work')
  const content = noise(3 * mebibyte, 103)
  await putFile(other, 'folder/a.bin', content)
  await putFile(other, 'b.txt', 'one')
  await putFile(other, 'b.txt', 'two', { modifiedMs: someDay })
  await other.as('work', () => putFile(other, 'ours.txt', 'ours'))
  const backup = await bytesOf(other.operations.health.backup())
  assert.ok(!Buffer.from(backup).includes('folder'))
  // The home goes on working after its backup.
  assert.equal(await textOf(await other.operations.drive.get('b.txt')), 'two')

  const { kernel, restoring } = await restoreInto(backup)
  assert.equal((await restoring).damagedParts, 0)
  await kernel.operations.account.unlock({ passphrase })
  assert.ok(equalBytes(await bytesOf((await kernel.operations.drive.get('/folder/a.bin')).stream), content))
  assert.equal(await textOf(await kernel.operations.drive.get('b.txt', { version: 1 })), 'one')
  assert.deepEqual((await kernel.operations.health.verify()).findings, [])
  assert.equal((await kernel.operations.audit.verify()).isWhole, true)
  await kernel.operations.identities.use('work')
  assert.equal(await textOf(await kernel.operations.drive.get('ours.txt')), 'ours')
  await kernel.close()

  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array(0)],
    ['no backup', fromUtf8('hello')],
    ['cut in the header', backup.subarray(0, 20)],
    ['cut in what comes first', backup.subarray(0, 1000)],
    ['changed in what comes first', withBadBytes(backup, 1000)],
  ]
  for (const [what, bytes] of bad) {
    const broken = await restoreInto(bytes)
    await assert.rejects(
      broken.restoring,
      ({ code, message }: Fault) => {
        assert.match(code, /^(invalid|damaged|limit)\./, what)
        assert.match(message, /\.$/)
        return true
      },
      what,
    )
    assert.equal((await broken.kernel.operations.account.status()).state, 'empty', what)
    await broken.kernel.close()
  }
})

test('AQ-FOUT-4: of a damaged backup all that is whole comes back, what is not is named, and nothing else is ever given in its place', async () => {
  const other = await createWorld({ seed: 106 })
  const content = noise(mebibyte, 107)
  await putFile(other, 'folder/a.bin', content)
  await putFile(other, 'b.txt', 'two')
  const backup = await bytesOf(other.operations.health.backup())
  const sections = await sectionsOf(backup)
  const log = sections.findIndex(({ at }) => at > 100)
  const data = sections.toSorted((x, y) => y.bytes - x.bytes)[0] as Section
  const places: readonly (readonly [string, number])[] = [
    ['in the middle of a block', data.at + 300_000],
    ['in the name of a block', data.at + 20],
    ['in the length of a block', data.at],
  ]
  for (const [what, at] of places) {
    const { kernel, restoring } = await restoreInto(withBadBytes(backup, at))
    assert.equal((await restoring).damagedParts, 1, what)
    const { account, drive: theirs, health, audit } = kernel.operations
    await account.unlock({ passphrase })
    const { findings } = await health.verify()
    assert.deepEqual(
      findings.map(({ path }) => path),
      ['/folder/a.bin'],
      what,
    )
    await assert.rejects(
      theirs.get('/folder/a.bin').then(({ stream }) => bytesOf(stream)),
      { code: 'damaged.missing' },
    )
    assert.equal(await textOf(await theirs.get('b.txt')), 'two')
    assert.equal((await audit.verify()).isWhole, true)
    const report = await theirs.put(itemsOf(fileItem('a.bin', content)), { to: '/folder', isThorough: true })
    assert.ok(report.newBytes > 0)
    assert.deepEqual((await health.verify()).findings, [])
    await kernel.close()
  }

  // Cut short it has the index whole, and the first of the contents.
  const short = await restoreInto(backup.subarray(0, backup.length - 1))
  assert.equal((await short.restoring).damagedParts, 1)
  await short.kernel.operations.account.unlock({ passphrase })
  assert.equal((await short.kernel.operations.health.verify()).findings.length, 1)
  await short.kernel.close()

  // The audit log's only part: a new one is begun.
  const unlogged = await restoreInto(withBadBytes(backup, (sections[log] as Section).at + 60))
  assert.equal((await unlogged.restoring).damagedParts, 1)
  await unlogged.kernel.operations.account.unlock({ passphrase })
  assert.equal(await textOf(await unlogged.kernel.operations.drive.get('b.txt')), 'two')
  await unlogged.kernel.close()
})

test('AQ-FOUT-4: a backup without one whole state of an index leaves nothing behind', async () => {
  const other = await createWorld({ seed: 108 })
  await putFile(other, 'a.bin', noise(mebibyte, 109))
  const backup = await bytesOf(other.operations.health.backup())
  const heads = new Set<string>()
  for (const feed of await other.ports.heads.feeds())
    for (const { cid } of await other.ports.heads.get(feed)) heads.add(cid.toString())
  let damaged = backup
  for (const { cid, at } of await sectionsOf(backup))
    if (heads.has(cid)) damaged = withBadBytes(damaged, at + 50)
  const { kernel, ports, restoring } = await restoreInto(damaged)
  await assert.rejects(restoring, { code: 'damaged.backup' })
  assert.equal((await kernel.operations.account.status()).state, 'empty')
  assert.equal((await ports.room?.())?.fileBytes, 0)
  await kernel.operations.health.restoreBackup(inPieces(backup))
  await kernel.operations.account.unlock({ passphrase })
  assert.deepEqual((await kernel.operations.health.verify()).findings, [])
})

test('a restore that was broken off can be begun again in the same home, and what is newer there is left alone', async () => {
  const other = await createWorld({ seed: 104 })
  await putFile(other, 'a.bin', noise(2 * mebibyte, 105))
  const older = await bytesOf(other.operations.health.backup())
  await putFile(other, 'b.txt', 'later')
  const backup = await bytesOf(other.operations.health.backup())

  const ports = createMemoryPorts({ clock, random: createSeededRandom(8), createPolicies: createCedar })
  const { health, account, audit, drive } = (await createKernel({ ports, version: '0.0.0' })).operations
  async function* source(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    yield bytes
  }
  async function* broken(): AsyncIterable<Uint8Array> {
    yield backup.subarray(0, backup.length - 1000)
    throw new Fault('unavailable.connection', 'The line broke.')
  }
  await assert.rejects(health.restoreBackup(broken()), { code: 'unavailable.connection' })
  const waiting = Promise.withResolvers<void>()
  async function* slow(): AsyncIterable<Uint8Array> {
    await waiting.promise
    yield backup
  }
  const restoring = health.restoreBackup(slow())
  await assert.rejects(health.restoreBackup(source(backup)), { code: 'busy.restore' })
  waiting.resolve()
  await restoring
  await assert.rejects(health.restoreBackup(source(backup)), { code: 'conflict.identity' })
  await account.unlock({ passphrase })
  assert.equal((await audit.verify()).isWhole, true)
  assert.equal(await textOf(await drive.get('b.txt')), 'later')

  // The vault is lost, and the blocks are not: an older backup would lead the index back.
  const bare = createMemoryPorts({ clock, random: createSeededRandom(9), createPolicies: createCedar })
  const lost = await createKernel({
    ports: { ...ports, vault: bare.vault, settings: bare.settings as NonNullable<typeof bare.settings> },
    version: '0.0.0',
  })
  await assert.rejects(lost.operations.health.restoreBackup(source(older)), { code: 'conflict.home' })
  // Nor does somebody else begin there, beside whose index the old blocks would be tidied away.
  await assert.rejects(lost.operations.account.init({ name: 'new', passphrase }), {
    code: 'conflict.keyless',
    message: /anarq id recover.*--home/,
  })
  assert.equal((await lost.operations.account.status()).state, 'empty')
})
