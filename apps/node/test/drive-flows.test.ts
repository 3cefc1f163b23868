import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { streamContent } from '@anarq/flows'
import type { StageReport } from '@anarq/qerberos'
import { createDriveWorld, mebibyte } from './drive-world.ts'
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

const { world, drive, put } = await createDriveWorld()

test('AQ-QOMPRESS-7, AQ-QOMPRESS-8, AQ-FIN-3: a second lock opens with its passphrase and with nothing else', async () => {
  const secret = 'the treasure lies under the third oak'
  await drive.put(
    itemsOf(fileItem('locked/map.txt', secret), fileItem('locked/big.bin', noise(2 * mebibyte, 70))),
    {
      lock: 'second passphrase',
    },
  )
  await assert.rejects(drive.get('/locked/map.txt'), { code: 'refused.lock' })
  for (const lock of ['Second passphrase', 'second passphrase ', 'second', passphrase]) {
    const attempt = drive.get('/locked/map.txt', { lock }).then(textOf)
    await assert.rejects(attempt, { code: 'refused.lock' }, JSON.stringify(lock))
  }
  await assert.rejects(drive.get('/locked/map.txt', { lock: '' }), { code: 'invalid.passphrase' })
  assert.equal(await textOf(await drive.get('/locked/map.txt', { lock: 'second passphrase' })), secret)
  const big = await drive.get('/locked/big.bin', { lock: 'second passphrase' })
  assert.ok(equalBytes(await bytesOf(big.stream), noise(2 * mebibyte, 70)))
  const ranged = await drive.get('/locked/big.bin', { lock: 'second passphrase', fromByte: 9, toByte: 12 })
  assert.ok(equalBytes(await bytesOf(ranged.stream), noise(2 * mebibyte, 70).subarray(9, 12)))
})

test('AQ-QOMPRESS-8: with the first key alone, search shows nothing of what a second lock holds', async () => {
  const letter = 'meet me at the aquarium tonight'
  await putFile(world, 'open/letter.txt', letter)
  await drive.put(itemsOf(fileItem('locked/letter.txt', letter)), { lock: 'second passphrase' })
  assert.deepEqual(await pathsOf('aquarium'), ['/open/letter.txt'])
  // Locked later, it is no longer found by what it said before.
  const locking = itemsOf(fileItem('open/letter.txt', letter, { modifiedMs: someDay }))
  await drive.put(locking, { lock: 'second passphrase' })
  assert.deepEqual(await pathsOf('aquarium'), [])
})

async function pathsOf(text: string): Promise<string[]> {
  return (await drive.find({ text })).map(({ path }) => path)
}

test('AQ-QOMPRESS-8: nothing that is put takes a second lock off; with its passphrase a file gets its next version', async () => {
  const lock = 'second passphrase'
  const deed = (text: string, modifiedMs: number) => itemsOf(fileItem('deeds/one.txt', text, { modifiedMs }))
  await drive.put(deed('first', someDay), { lock })
  for (const isThorough of [false, true]) {
    const { files, skipped } = await drive.put(deed('second', someDay + 1000), { isThorough })
    assert.deepEqual(
      [files, skipped.map(({ path, code }) => [path, code])],
      [0, [['deeds/one.txt', 'conflict.lock']]],
    )
  }
  await assert.rejects(drive.get('/deeds/one.txt'), { code: 'refused.lock' })
  assert.equal((await drive.put(deed('first', someDay))).unchanged, 1)
  assert.equal((await drive.put(deed('second', someDay + 1000), { lock })).files, 1)
  const { isLocked, versions } = await drive.entry('/deeds/one.txt')
  assert.deepEqual([isLocked, versions], [true, 2])
  assert.equal(await textOf(await drive.get('/deeds/one.txt', { lock })), 'second')
})

test('AQ-QOMPRESS-7: a second lock comes over a file that is there already, and goes with the version that has it', async () => {
  const lock = 'second passphrase'
  const note = () => itemsOf(fileItem('notes/plain.txt', 'the vixen barks', { modifiedMs: someDay }))
  await drive.put(note())
  const { files, unchanged } = await drive.put(note(), { lock })
  assert.deepEqual([files, unchanged], [1, 0])
  await assert.rejects(drive.get('/notes/plain.txt'), { code: 'refused.lock' })
  assert.equal((await drive.put(note(), { lock })).unchanged, 1)
  assert.equal((await drive.restore('/notes/plain.txt', { version: 1 })).isLocked, undefined)
  assert.equal(await textOf(await drive.get('/notes/plain.txt')), 'the vixen barks')
  assert.equal((await drive.restore('/notes/plain.txt', { version: 2 })).isLocked, true)
  assert.deepEqual(await pathsOf('vixen'), [])
})

test('tags, and being a decoy, come to files whose content is there already', async () => {
  const plans = () =>
    itemsOf(...['a', 'b'].map((name) => fileItem(`plans/${name}`, name, { modifiedMs: someDay })))
  await drive.put(plans(), { tags: ['draft'] })
  for (const isThorough of [false, true]) {
    const tags = ['draft', isThorough ? 'read anew' : 'put again']
    const { files, unchanged } = await drive.put(plans(), { tags, isThorough })
    assert.deepEqual([files, unchanged], [0, 2])
  }
  assert.deepEqual((await drive.entry('/plans/b')).tags, ['draft', 'put again', 'read anew'])
  assert.equal((await drive.entry('/plans/b')).versions, 1)
  await drive.put(plans(), { isDecoy: true })
  const touched = async () =>
    (await world.operations.audit.alerts()).filter(({ kind }) => kind === 'decoy').length
  const before = await touched()
  await textOf(await drive.get('/plans/a'))
  assert.equal(await touched(), before + 1)
})

test('AQ-QOMPRESS-9: where no second lock was chosen there is none, and a passphrase that is given changes nothing', async () => {
  await putFile(world, 'unlocked.txt', 'open')
  assert.equal(await textOf(await drive.get('unlocked.txt')), 'open')
  assert.equal(await textOf(await drive.get('unlocked.txt', { lock: 'whatever' })), 'open')
})

test('AQ-QOMPRESS-7: the same content with and without a second lock shares no block', async () => {
  const content = noise(mebibyte, 71)
  await putFile(world, 'locked/plain.bin', content)
  const report = await drive.put(itemsOf(fileItem('locked/second.bin', content)), {
    lock: 'second passphrase',
  })
  assert.ok(report.newBytes >= content.length, `${report.newBytes} bytes`)
})

test('AQ-FIN-1, AQ-FIN-2, AQ-FIN-7: a put goes through its stages in their one order, each seen by the guardian', async () => {
  const reports: StageReport[] = []
  const stop = world.kernel.guardian.onStage((report) => reports.push(report))
  await put(fileItem('flow/a.txt', 'a'), fileItem('flow/b.bin', noise(3 * mebibyte, 80)))
  stop()
  const flows = Map.groupBy(
    reports.filter(({ kind }) => kind === 'in'),
    ({ flow }) => flow,
  )
  assert.equal(flows.size, 2)
  for (const [flow, stages] of flows) {
    assert.match(flow, /\S/)
    assert.deepEqual(
      stages.map(({ stage }) => stage),
      ['raw', 'compressed', 'sealed', 'registered', 'checked', 'stored'],
    )
    for (const { stage, hash } of stages.slice(1)) assert.equal(hash?.length, 32, stage)
  }
})

test('AQ-FIN-5, AQ-QERBEROS-22: what the guardian and the store learn of a put holds nothing of its content or name', async () => {
  const reports: StageReport[] = []
  const stop = world.kernel.guardian.onStage((report) => reports.push(report))
  await put(fileItem('flow/unmistakable-name.txt', 'unmistakable content of a file'))
  stop()
  assert.ok(reports.length > 0)
  assert.doesNotMatch(JSON.stringify(reports), /unmistakable/)
  for await (const { cid } of world.ports.blocks.list()) {
    const bytes = (await world.ports.blocks.get(cid)) as Uint8Array
    assert.ok(!Buffer.from(bytes).includes('unmistakable'))
  }
})

test('AQ-FIN-8, AQ-QERBEROS-16: a stage that is skipped, repeated or swapped closes the flow with an alert', async () => {
  const { guardian } = world.kernel
  const attempts = [
    ['raw', 'sealed'],
    ['raw', 'raw'],
    ['raw', 'compressed', 'registered'],
    ['stored'],
    ['raw', 'compressed', 'sealed', 'registered', 'stored'],
  ] as const
  for (const stages of attempts) {
    const orders = () => guardian.alerts().filter(({ kind }) => kind === 'order').length
    const before = orders()
    const flow = guardian.begin('in', 'did:example:somebody')
    assert.throws(
      () => {
        for (const stage of stages) flow.report(stage)
      },
      { code: 'refused.order' },
      stages.join(' '),
    )
    assert.throws(() => flow.report('raw'), { code: 'refused.order' })
    assert.equal(orders(), before + 1)
  }
})

test('AQ-QERBEROS-8, AQ-QERBEROS-9: whoever opens a decoy raises a critical alert that names them, also after a restart', async () => {
  const other = await createWorld({ seed: 90 })
  await addIdentity(other, 'bob')
  const { drive: theirs, audit, sharing } = other.operations
  await theirs.put(itemsOf(fileItem('passwords.txt', 'hunter2')), { isDecoy: true })
  assert.deepEqual(await audit.alerts(), [])
  await theirs.list('/')
  assert.deepEqual(await audit.alerts(), [], 'looking at a list touches nothing')
  const { ping } = await sharing.share('passwords.txt', { with: 'bob' })
  const bob = (await other.operations.identities.show('bob')).did
  await other.as('bob', async () => textOf(await sharing.open(ping)))
  const [alert] = (await audit.alerts()).filter(({ kind }) => kind === 'decoy')
  assert.deepEqual([alert?.kind, alert?.severity, alert?.identity], ['decoy', 'critical', bob])

  await other.kernel.close()
  const again = await other.reopen()
  await again.operations.account.unlock({ passphrase })
  await textOf(await again.operations.drive.get('passwords.txt'))
  const [second] = (await again.operations.audit.alerts()).filter(({ kind }) => kind === 'decoy')
  assert.deepEqual([second?.kind, second?.severity, second?.identity], ['decoy', 'critical', other.did])
  const tail = await again.operations.audit.tail({ limit: 10 })
  assert.ok(
    tail.some(({ action }) => action.includes('decoy') || action.includes('alert')),
    tail.map(({ action }) => action).join(' '),
  )
  await again.close()
})

test('AQ-QDRIVE-6, AQ-SQUID-6, AQ-SQUID-17: each identity has a drive of its own, and switching shows the other at once', async () => {
  const other = await createWorld({ seed: 91 })
  await addIdentity(other, 'work')
  await putFile(other, 'private.txt', 'mine')
  await other.as('work', async () => {
    assert.deepEqual(await other.operations.drive.list('/'), [])
    await putFile(other, 'business.txt', 'ours')
    await assert.rejects(other.operations.drive.get('private.txt'), { code: 'missing.object' })
  })
  assert.deepEqual(
    (await other.operations.drive.list('/')).map(({ name }) => name),
    ['private.txt'],
  )
  await assert.rejects(other.operations.identities.use('nobody'), { code: 'missing.identity' })
})

test('sources that stall do not keep others waiting, and arrive whole when they go on', async () => {
  const contents = Array.from({ length: 6 }, (_, i) => noise(2_500_000 + i))
  const { promise: waiting, resolve: goOn } = Promise.withResolvers<void>()
  async function* stalling(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    yield bytes.subarray(0, 1_700_000)
    await waiting
    yield bytes.subarray(1_700_000)
  }
  const stalled = contents.map((content, i) =>
    drive.put(
      itemsOf({ ...fileItem(`stalled-${i}.bin`, content), content: streamContent(stalling(content)) }),
    ),
  )
  // More of them than there are windows: without standing aside, nobody could put anything now.
  await drive.put(itemsOf(fileItem('quick.bin', noise(1_000_000))))
  assert.equal((await drive.entry('quick.bin')).bytes, 1_000_000)
  goOn()
  await Promise.all(stalled)
  for (const [i, content] of contents.entries())
    assert.ok(equalBytes(await bytesOf((await drive.get(`stalled-${i}.bin`)).stream), content), String(i))
})
