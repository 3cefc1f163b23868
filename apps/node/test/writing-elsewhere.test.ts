/** Writing into what another node shared: its owner's node decides, and takes it in under the owner's keys. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { type PutItem, streamContent } from '@anarq/flows'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import type { Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { createTwo, type Two } from './two-homes.ts'
import { bytesOf, fileItem, itemsOf, someDay } from './world.ts'

const large = createSeededRandom(5).bytes(3_000_000)

async function sharedFolder(two: Two, rights: readonly ('read' | 'write')[], terms: { uses?: number } = {}) {
  await two.alice.drive.put(itemsOf(fileItem('plans/mine.txt', fromUtf8('mine'))), { isThorough: true })
  const { did } = await two.bob.identities.show('bob')
  return two.alice.sharing.share('plans', { with: did, rights, ...terms })
}

const contentOf = async (of: Operations, path: string): Promise<Uint8Array> =>
  bytesOf((await of.drive.get(path)).stream)

const streamed = (path: string, pieces: AsyncIterable<Uint8Array>, bytes?: number): PutItem => ({
  kind: 'file',
  path,
  bytes,
  modifiedMs: someDay,
  content: streamContent(pieces),
})

async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 70_001) yield bytes.subarray(at, at + 70_001)
}

async function* brokenOff(): AsyncIterable<Uint8Array> {
  yield large.subarray(0, 500_000)
  throw new Fault('conflict.changing', 'It was being changed.')
}

test('[AQ-QONSENT-5] with the right to write, files of any size go into a folder of another node, under its owner’s keys', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['read', 'write'])
  const small = Array.from({ length: 300 }, (_, at) => fileItem(`many/${at}.txt`, fromUtf8(`file ${at}`)))
  const report = await two.bob.sharing.write(
    ping,
    itemsOf(
      ...small,
      streamed('large.bin', inPieces(large), large.length),
      streamed('unknown.bin', inPieces(large)),
      fileItem('empty.txt', new Uint8Array(0)),
      { kind: 'folder', path: 'nothing in it', modifiedMs: someDay },
    ),
  )
  assert.equal(report.files, 303)
  assert.deepEqual(report.skipped, [])
  assert.ok(report.entries.every(({ path }) => path.startsWith('plans/')))
  for (const name of ['large.bin', 'unknown.bin'])
    assert.ok(equalBytes(await contentOf(two.alice, `/plans/${name}`), large))
  assert.deepEqual(await contentOf(two.alice, '/plans/many/299.txt'), fromUtf8('file 299'))
  assert.equal((await contentOf(two.alice, '/plans/empty.txt')).length, 0)
  const lines = await two.alice.audit.tail({ limit: 500 })
  const { did } = await two.bob.identities.show('bob')
  assert.ok(lines.some(({ details }) => JSON.stringify(details ?? {}).includes(did)))
  const [received] = await two.bob.sharing.grants('in')
  assert.equal(received?.name, 'plans')
})

test('[AQ-QONSENT-5] a file gets a new version, whatever else is sent with it', async () => {
  const two = await createTwo()
  await two.alice.drive.put(itemsOf(fileItem('letter.txt', fromUtf8('one'))), { isThorough: true })
  const { did } = await two.bob.identities.show('bob')
  const { ping } = await two.alice.sharing.share('letter.txt', { with: did, rights: ['write'] })
  const report = await two.bob.sharing.write(
    ping,
    itemsOf(fileItem('other name.txt', fromUtf8('two')), streamed('more.bin', inPieces(large), large.length)),
  )
  assert.equal(report.files, 1)
  assert.deepEqual(await contentOf(two.alice, '/letter.txt'), fromUtf8('two'))
  assert.equal((await two.alice.drive.versions('/letter.txt')).length, 2)
})

test('[AQ-QONSENT-5] the right to read is none to write; what is used up or taken back is refused before anything is sent', async () => {
  const two = await createTwo()
  const one = (): AsyncIterable<readonly PutItem[]> => itemsOf(fileItem('a.txt', fromUtf8('a')))
  const read = await sharedFolder(two, ['read'])
  await assert.rejects(two.bob.sharing.write(read.ping, one()), (error) => hasCode(error, 'refused'))
  const once = await sharedFolder(two, ['write'], { uses: 1 })
  await two.bob.sharing.write(once.ping, one())
  await assert.rejects(two.bob.sharing.write(once.ping, one()), { code: 'refused.used-up' })
  const back = await sharedFolder(two, ['write'])
  await two.alice.sharing.revoke(back.grant.id)
  await assert.rejects(two.bob.sharing.write(back.ping, one()), { code: 'refused.revoked' })
})

test('a file that its writer cannot read whole is left out and named, and the others are there', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['write'])
  const report = await two.bob.sharing.write(
    ping,
    itemsOf(streamed('broken.bin', brokenOff(), large.length), fileItem('whole.txt', fromUtf8('whole')), {
      kind: 'skipped',
      path: 'seen.txt',
      fault: new Fault('unavailable.disk', 'It could not be read.'),
    }),
  )
  assert.deepEqual(
    report.skipped.map(({ path, code }) => [path, code]).sort(),
    [
      ['plans/broken.bin', 'conflict.changing'],
      ['plans/seen.txt', 'unavailable.disk'],
    ].map(([path, code]) => [(path as string).replace('plans/', ''), code]),
  )
  assert.deepEqual(await contentOf(two.alice, '/plans/whole.txt'), fromUtf8('whole'))
  await assert.rejects(two.alice.drive.get('/plans/broken.bin'), { code: 'missing.object' })
})

test('names that lead out of the folder, and pieces out of turn, are refused; nothing is kept of them', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['write'])
  await assert.rejects(two.bob.sharing.write(ping, itemsOf(fileItem('../out.txt', fromUtf8('x')))), {
    code: 'invalid.items',
  })
  await assert.rejects(two.alice.drive.get('/out.txt'), { code: 'missing.object' })
  let writing: Uint8Array | undefined
  two.change((answer) => {
    const fields = decodeCbor(answer, 'a') as { is: string; writing?: Uint8Array }
    writing ??= fields.writing
    return answer
  })
  const rest = Promise.withResolvers<void>()
  async function* slow(): AsyncIterable<readonly PutItem[]> {
    yield [fileItem('first.txt', fromUtf8('first'))]
    await rest.promise
  }
  const put = two.bob.sharing.write(ping, slow())
  while (writing === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  const give = async (fields: object): Promise<unknown> => {
    const question = { ask: 'give', writing, number: 0, piece: new Uint8Array(0), isLast: false, ...fields }
    return (decodeCbor(await two.aliceKernel.answer(encodeCbor(question)), 'a') as { code?: string }).code
  }
  assert.equal(await give({ writing: new Uint8Array(16) }), 'missing.writing')
  assert.equal(await give({ number: 100 }), 'invalid.question')
  assert.equal(await give({ piece: new Uint8Array(70_000) }), 'invalid.question')
  rest.resolve()
  assert.equal((await put).files, 1)
})

test('a lock on the owner’s side ends the writing, and what came before stays readable', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['write'])
  async function* items(): AsyncIterable<readonly PutItem[]> {
    yield [fileItem('first.txt', fromUtf8('first'))]
    yield [streamed('large.bin', lockedMeanwhile(), large.length)]
  }
  async function* lockedMeanwhile(): AsyncIterable<Uint8Array> {
    yield large.subarray(0, 1_000_000)
    await two.alice.account.lock()
    yield large.subarray(1_000_000)
  }
  await assert.rejects(two.bob.sharing.write(ping, items()), (error) => hasCode(error, 'unavailable'))
})
