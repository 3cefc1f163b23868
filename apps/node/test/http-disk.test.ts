/** Large files of a command beside a node: the node reads and writes them where they lie. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readTree, seenAt, writeFileBy } from '@anarq/files'
import type { DiskFile, PutFile, PutItem } from '@anarq/flows'
import { encodeHead, tarEnd, tarType } from '@anarq/tar'
import { bytesOf, items, jsonOf, openWorld, type World } from './http-world.ts'

let world: World
let folder: string
before(async () => {
  world = await openWorld()
  folder = await mkdtemp(join(tmpdir(), 'anarq-disk-'))
})
after(async () => {
  await world.close()
  await rm(folder, { recursive: true })
})

const large = 5 * 1024 * 1024

async function makeFile(name: string): Promise<{ path: string; bytes: Buffer }> {
  const [path, bytes] = [join(folder, name), randomBytes(large)]
  await writeFile(path, bytes)
  return { path, bytes }
}

/** What `readTree` finds at the path, with another way to its content. */
async function itemAt(path: string, content: Partial<Extract<PutFile['content'], { kind: 'stream' }>>) {
  for await (const [item] of readTree([path])) {
    assert.ok(item?.kind === 'file' && item.content.kind === 'stream')
    return { ...item, content: { ...item.content, ...content } } satisfies PutItem
  }
  throw new Error('nothing there')
}

const neverSent = async (): Promise<never> => assert.fail('its bytes were sent')

test('a large file is read by the node itself, and only its name is sent', async () => {
  const { drive } = world.node
  const { path, bytes } = await makeFile('named.bin')
  const report = await drive.put(items(await itemAt(path, { open: neverSent })), { tags: ['big'] })
  assert.deepEqual([report.files, report.bytes, report.skipped], [1, large, []])
  const content = await drive.get('/named.bin')
  assert.ok((await bytesOf(content.stream)).equals(bytes))
  assert.deepEqual(content.entry.tags, ['big'])
  const again = await drive.put(items(await itemAt(path, { open: neverSent })))
  assert.deepEqual([again.files, again.unchanged, again.bytes], [0, 1, 0])
})

test('what the node does not find as it was seen is sent, and stands in the report once', async () => {
  const { drive } = world.node
  const [seen, ...others] = await Promise.all(['seen', 'moved', 'touched', 'replaced'].map(makeFile))
  const [moved, touched, replaced] = others.map((one) => one as NonNullable<typeof one>)
  const wrong = (path: string, part: Partial<DiskFile>) => async () => ({ ...(await seenAt(path)), ...part })
  const report = await drive.put(
    items(
      await itemAt(seen?.path as string, { open: neverSent }),
      await itemAt(moved?.path as string, { locate: wrong(moved?.path as string, { inode: '7' }) }),
      await itemAt(touched?.path as string, { locate: wrong(touched?.path as string, { changedNs: '1' }) }),
      await itemAt(replaced?.path as string, { locate: wrong(replaced?.path as string, { path: folder }) }),
    ),
    { to: '/unseen' },
  )
  assert.deepEqual([report.files, report.bytes, report.skipped], [4, 4 * large, []])
  assert.deepEqual(report.entries.map(({ name }) => name).sort(), ['moved', 'replaced', 'seen', 'touched'])
  for (const { path, bytes } of others)
    assert.ok((await bytesOf((await drive.get(`/unseen${path.slice(folder.length)}`)).stream)).equals(bytes))
})

test('of versions of one file in one put, each is kept in its turn, whichever of them were sent', async () => {
  const { drive } = world.node
  const [first, second] = await Promise.all(['version 1', 'version 2'].map(makeFile))
  const same = async (path: string, part: Partial<DiskFile>) => ({
    ...(await itemAt(path, { locate: async () => ({ ...(await seenAt(path)), ...part }) })),
    path: 'twice.bin',
  })
  const seen = (await makeFile('seen before')).path
  for (const [to, wrong] of [
    ['/first unseen', [{ inode: '7' }, {}]],
    ['/second unseen', [{}, { inode: '7' }]],
    ['/both unseen', [{ inode: '7' }, { inode: '7' }]],
  ] as const) {
    const put = items(
      await itemAt(seen, {}),
      await same(first?.path as string, wrong[0]),
      await same(second?.path as string, wrong[1]),
    )
    const progress: number[] = []
    const { skipped } = await drive.put(put, { to, onProgress: ({ files }) => progress.push(files) })
    assert.deepEqual(skipped, [], to)
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
      to,
    )
    const kept = []
    for (const { version } of await drive.versions(`${to}/twice.bin`))
      kept.push(await bytesOf((await drive.get(`${to}/twice.bin`, { version })).stream))
    assert.ok(kept[0]?.equals(second?.bytes as Buffer), `${to}: the second is the latest`)
    assert.ok(
      kept.some((bytes) => bytes.equals(first?.bytes as Buffer)),
      `${to}: the first is kept`,
    )
  }
})

test('a file that grows while the node looks at it leaves the others of its put alone', async () => {
  const { path } = await makeFile('growing.log')
  const growing = setInterval(() => void appendFile(path, 'x'.repeat(1000)), 1)
  try {
    for (let round = 0; round < 20; round += 1) {
      const other: PutItem = {
        kind: 'file',
        path: 'other.txt',
        bytes: 1,
        modifiedMs: round,
        content: { kind: 'small', readAll: () => Buffer.from(String(round % 10)) },
      }
      const { files, skipped } = await world.node.drive.put(items(await itemAt(path, {}), other), {
        to: '/growing',
      })
      assert.ok(files >= 1, 'the other one is kept')
      for (const { code } of skipped) assert.equal(code, 'conflict.changing')
    }
  } finally {
    clearInterval(growing)
  }
})

test('nobody but this machine’s user at the socket may name files of its disk', async () => {
  const { path } = await makeFile('private.bin')
  const body = JSON.stringify(await seenAt(path))
  const headers = { 'content-type': 'application/json' }
  assert.deepEqual(jsonOf(await world.local('POST', '/api/v1/disk/see', { headers, body })), { isSeen: true })
  for (const [address, sent] of [
    ['/api/v1/disk/see', body],
    ['/api/v1/objects/named.bin/save', JSON.stringify({ into: JSON.parse(body) })],
  ] as const) {
    assert.equal((await world.signed('POST', address, { headers, body: sent })).status, 403)
    assert.equal((await world.ask('POST', address, { headers, body: sent })).status, 403)
  }
})

test('an archive that names a file of the disk is taken at the socket alone', async () => {
  const { path } = await makeFile('named-in-archive.bin')
  const records = [['ANARQ.disk', JSON.stringify(await seenAt(path))]] as const
  const head = encodeHead({ path: 'x.bin', type: tarType.file, bytes: 0, modifiedMs: 1, records })
  const asked = { headers: { 'content-type': 'application/x-tar' }, body: Buffer.concat([head, tarEnd]) }
  const local = await world.local('POST', '/api/v1/import?to=/archive', asked)
  assert.equal((await world.node.drive.entry('/archive/x.bin')).bytes, large, local.body.toString())
  const refused = (await world.signed('POST', '/api/v1/import?to=/port', asked)).body.toString()
  assert.match(refused, /"invalid\.tar".*machine alone/)
  await assert.rejects(world.node.drive.entry('/port'), { code: 'missing.object' })
  for (const bad of [
    '{}',
    'null',
    '{"path":"relative"}',
    JSON.stringify({ ...JSON.parse(records[0][1]), inode: 'x' }),
  ]) {
    const wrong = encodeHead({
      path: 'y',
      type: tarType.file,
      bytes: 0,
      modifiedMs: 1,
      records: [['ANARQ.disk', bad]],
    })
    const said = await world.local('POST', '/api/v1/import', {
      ...asked,
      body: Buffer.concat([wrong, tarEnd]),
    })
    assert.match(said.body.toString(), /"error".*"invalid\./)
  }
})

test('AQ-FOUT-4: a large file is written by the node itself, and where it cannot, what it holds is sent', async () => {
  const { drive } = world.node
  const { path, bytes } = await makeFile('back.bin')
  await drive.put(items(await itemAt(path, { open: neverSent })))
  const [there, sent] = [join(folder, 'there.bin'), join(folder, 'sent.bin')]
  await writeFileBy(there, async (into) => {
    const { isWritten, entry, bytes } = await drive.get('/back.bin', { into })
    assert.equal(isWritten, true)
    return { ...entry, bytes }
  })
  assert.ok((await readFile(there)).equals(bytes))
  const [{ mtimeMs, mode }, was] = [await stat(there), await stat(path)]
  assert.deepEqual([Math.round(mtimeMs), mode], [Math.round(was.mtimeMs), was.mode])
  await writeFileBy(sent, async (into) => {
    const { isWritten, entry, bytes, stream } = await drive.get('/back.bin', {
      into: { ...into, inode: '7' },
    })
    assert.equal(isWritten, undefined)
    return { ...entry, bytes, source: stream }
  })
  assert.ok((await readFile(sent)).equals(bytes))
  // Who did not see one file is asked no more: each of a large folder would cost a question.
  await writeFileBy(join(folder, 'third.bin'), async (into) => {
    const { isWritten, entry, bytes, stream } = await drive.get('/back.bin', { into })
    assert.equal(isWritten, undefined)
    return { ...entry, bytes, source: stream }
  })
  // What was there is not touched, and what broke off leaves nothing.
  const names = await readdir(folder)
  const fails = async (into: DiskFile) => drive.get('/missing.bin', { into })
  await assert.rejects(
    writeFileBy(there, async () => assert.fail()),
    { code: 'conflict.exists' },
  )
  await assert.rejects(
    writeFileBy(join(folder, 'none.bin'), async (into) => (await fails(into)).entry),
    {
      code: 'missing.object',
    },
  )
  assert.deepEqual(await readdir(folder), names)
})

test('a put that is stopped while the node reads is stopped there', async () => {
  const { path } = await makeFile('stopped.bin')
  const stop = new AbortController()
  const two = [await itemAt(path, { open: neverSent }), await itemAt(path, { open: neverSent })]
  const put = world.node.drive.put(
    (async function* () {
      yield [two[0] as PutItem]
      stop.abort(new Error('enough'))
      yield [two[1] as PutItem]
    })(),
    { to: '/stopped', signal: stop.signal },
  )
  await assert.rejects(put, { message: 'enough' })
  await assert.rejects(world.node.drive.entry('/stopped'), { code: 'missing.object' })
})

test('of a folder large files are left, each to be asked for by itself; who does not ask so gets all of it', async () => {
  const { drive } = world.node
  const { path, bytes } = await makeFile('in-folder.bin')
  const small: PutItem = {
    ...(await itemAt(path, {})),
    path: 'small',
    bytes: 5,
    content: { kind: 'small', readAll: () => Buffer.from('small') },
  }
  await drive.put(items(await itemAt(path, {}), small), { to: '/folder' })
  for (const operations of [world.node, world.kernel.operations]) {
    const seen: unknown[] = []
    for await (const one of operations.drive.readTree('/folder', { leavesFrom: large })) {
      if (!('content' in one)) continue
      const { isLeft, stream } = one.content
      seen.push([one.entry.name, one.entry.bytes, isLeft, (await bytesOf(stream)).length])
    }
    assert.deepEqual(seen, [
      ['in-folder.bin', large, true, 0],
      ['small', 5, undefined, 5],
    ])
    for await (const one of operations.drive.readTree('/folder'))
      if ('content' in one && one.entry.bytes === large)
        assert.ok((await bytesOf(one.content.stream)).equals(bytes))
  }
})
