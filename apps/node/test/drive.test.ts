import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type PutFile, type PutItem, smallBytesMax, streamContent } from '@anarq/flows'
import { parseCid } from '@anarq/ipld'
import type { PutReport } from '@anarq/kernel'
import type { StageReport } from '@anarq/qerberos'
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from '@anarq/qompress'
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

/** One home for the tests that need none of their own: each works in a folder of its own. */
const world = await createWorld()
const { operations } = world
const { drive } = operations

function put(...items: readonly PutItem[]): Promise<PutReport> {
  return drive.put(itemsOf(...items))
}

async function namesIn(folder: string): Promise<string[]> {
  return (await drive.list(folder)).map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
}

test('AQ-QDRIVE-1, AQ-FOUT-8: what was put comes back byte for byte, with its name, time, mode and type', async () => {
  const text = fromUtf8('Dear diary, …\n')
  const report = await put(
    { kind: 'folder', path: 'basics', modifiedMs: someDay },
    fileItem('basics/diary.txt', text, { modifiedMs: someDay - 5, mode: 0o600 }),
    fileItem('basics/pictures/sun.png', noise(40_000)),
    fileItem('basics/run', '#!/bin/sh\n', { mode: 0o755 }),
    fileItem('basics/empty', ''),
  )
  assert.deepEqual([report.files, report.folders, report.skipped], [4, 2, []])
  assert.deepEqual(await namesIn('/basics'), ['pictures/', 'diary.txt', 'empty', 'run'])
  const diary = await drive.get('/basics/diary.txt')
  assert.ok(equalBytes(await bytesOf(diary.stream), text))
  assert.deepEqual(
    [diary.entry.path, diary.entry.modifiedMs, diary.entry.mode, diary.type, diary.bytes],
    ['/basics/diary.txt', someDay - 5, 0o600, 'text/plain', text.length],
  )
  assert.equal((await drive.get('/basics/run')).entry.mode, 0o755)
  assert.equal((await drive.entry('/basics/pictures/sun.png')).type, 'image/png')
  assert.equal((await bytesOf((await drive.get('/basics/empty')).stream)).length, 0)
})

test('AQ-QOMPRESS-2: the same files again add no block, whether they are looked at or read again', async () => {
  const items = () =>
    itemsOf(fileItem('again/a.txt', 'a'.repeat(50_000)), fileItem('again/b.bin', noise(3 * mebibyte, 2)))
  const first = await drive.put(items())
  assert.equal(first.files, 2)
  assert.ok(first.newBytes < first.bytes, 'what compresses is smaller')
  const looked = await drive.put(items())
  assert.deepEqual([looked.files, looked.unchanged, looked.newBlocks, looked.bytes], [0, 2, 0, 0])
  const read = await drive.put(items(), { isThorough: true })
  assert.deepEqual([read.files, read.unchanged, read.newBlocks, read.newBytes], [0, 2, 0, 0])
  const elsewhere = await put(
    fileItem('again/copy of a.txt', 'a'.repeat(50_000)),
    fileItem('again/copy of b.bin', noise(3 * mebibyte, 2)),
  )
  assert.deepEqual([elsewhere.files, elsewhere.newBlocks, elsewhere.newBytes], [2, 0, 0])
  assert.equal((await drive.entry('/again/a.txt')).versions, 1)
})

test('a byte inserted at the start of a file of 64 MiB stores a few chunks, not the file', async () => {
  const large = noise(64 * mebibyte + 1, 3)
  const first = await put(fileItem('large.bin', large.subarray(1)))
  assert.ok(first.newBytes >= 64 * mebibyte)
  const second = await put(fileItem('large.bin', large, { modifiedMs: someDay }))
  assert.ok(second.newBytes < 8 * mebibyte, `${second.newBytes} bytes`)
  assert.ok(equalBytes(await bytesOf((await drive.get('large.bin')).stream), large))
  assert.ok(
    equalBytes(await bytesOf((await drive.get('large.bin', { version: 1 })).stream), large.subarray(1)),
  )
  await drive.remove('large.bin', { isForever: true })
})

test('AQ-QDRIVE-7, AQ-QDRIVE-13, AQ-STO-2, AQ-STO-3: each change is a version with a CID of its own; old ones stay as they are', async () => {
  const id = await putFile(world, 'versions/v.txt', 'one')
  const [one] = await drive.versions(id)
  const oneBytes = await world.ports.blocks.get(parseCid(one?.cid as string))
  await putFile(world, 'versions/v.txt', 'two', { modifiedMs: someDay })
  await putFile(world, 'versions/v.txt', 'three', { modifiedMs: someDay + 1 })
  const all = await drive.versions('/versions/v.txt')
  assert.deepEqual(
    all.map(({ version, bytes, isLatest }) => [version, bytes, isLatest]),
    [
      [3, 5, true],
      [2, 3, false],
      [1, 3, false],
    ],
  )
  assert.equal(new Set(all.map(({ cid }) => cid)).size, 3)
  assert.deepEqual(await world.ports.blocks.get(parseCid(one?.cid as string)), oneBytes)
  for (const [version, text] of [
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ] as const) {
    assert.equal(await textOf(await drive.get(id, { version })), text)
  }
  await assert.rejects(drive.get(id, { version: 4 }), { code: 'missing.version' })
  await assert.rejects(drive.get(id, { version: 0 }), { code: 'missing.version' })

  await drive.restore(id, { version: 1 })
  assert.equal(await textOf(await drive.get(id)), 'one')
  assert.equal((await drive.versions(id)).length, 4)
  assert.equal((await drive.entry(id)).bytes, 3)
  await assert.rejects(drive.restore(id, { version: 9 }), { code: 'missing.version' })
})

test('an etag names the version: it changes with the content and comes back with it never', async () => {
  const id = await putFile(world, 'versions/etag.txt', 'one')
  const first = (await drive.get(id)).etag
  assert.equal((await drive.get(id)).etag, first)
  await putFile(world, 'versions/etag.txt', 'two', { modifiedMs: someDay })
  assert.notEqual((await drive.get(id)).etag, first)
  assert.equal((await drive.get(id, { version: 1 })).etag, first)
})

test('the trash: out of sight, found with the trash, back where it was; a folder takes what is in it along', async () => {
  await put(fileItem('trash/a.txt', 'a'), fileItem('trash/deep/b.txt', 'b'))
  await drive.remove('/trash/deep')
  assert.deepEqual(await namesIn('/trash'), ['a.txt'])
  assert.deepEqual(await drive.find({ text: 'deep', isTrashed: false }), [])
  const [trashed] = await drive.find({ text: 'deep', isTrashed: true })
  assert.equal(trashed?.isTrashed, true)
  await assert.rejects(drive.get('/trash/deep/b.txt'), { code: 'missing.object' })
  await drive.restore(trashed?.id as string)
  assert.equal(await textOf(await drive.get('/trash/deep/b.txt')), 'b')
  await assert.rejects(drive.restore('/trash/a.txt'), { code: 'conflict.state' })
})

test('a name in the trash is free: another file takes it, and the one that comes back does not cover it', async () => {
  await putFile(world, 'free/name.txt', 'old')
  const old = await drive.remove('/free/name.txt')
  await putFile(world, 'free/name.txt', 'new')
  assert.equal(await textOf(await drive.get('/free/name.txt')), 'new')
  const back = await drive.restore(old.id)
  assert.deepEqual((await namesIn('/free')).length, 2)
  assert.equal(await textOf(await drive.get(back.id)), 'old')
  assert.equal(await textOf(await drive.get(old.id)), 'old')
  const texts = await Promise.all(
    (await drive.list('/free')).map(async ({ id }) => textOf(await drive.get(id))),
  )
  assert.deepEqual(texts.sort(), ['new', 'old'])
})

test('AQ-QDRIVE-9: what was taken away for good is gone in all its versions, and compacting frees its room', async () => {
  const other = await createWorld({ seed: 21 })
  const { drive: theirs, health } = other.operations
  await putFile(other, 'kept.bin', noise(2 * mebibyte, 5))
  await putFile(other, 'gone.bin', noise(2 * mebibyte, 6))
  await putFile(other, 'gone.bin', noise(2 * mebibyte, 7), { modifiedMs: someDay })
  const { id } = await theirs.remove('gone.bin', { isForever: true })
  await assert.rejects(theirs.get('gone.bin'), { code: 'missing.object' })
  await assert.rejects(theirs.get(id), { code: 'missing.object' })
  assert.deepEqual(await theirs.find({ isTrashed: true }), [])
  const { freedBytes } = await health.compact()
  assert.ok(freedBytes >= 4 * mebibyte, `${freedBytes} bytes`)
  assert.ok(
    equalBytes(await bytesOf((await theirs.get('kept.bin')).stream), noise(2 * mebibyte, 5)),
    'what is kept stays',
  )
  assert.deepEqual((await health.verify()).findings, [])
})

test('moving and renaming changes the path and nothing else; into itself, onto a file or out of the drive it is refused', async () => {
  await put(fileItem('from/inner/x.txt', 'x'))
  await drive.makeFolder('/to/there')
  const { id } = await drive.entry('/from/inner/x.txt')
  assert.equal(
    (await drive.move('/from/inner', { folder: '/to/there', name: 'renamed' })).path,
    '/to/there/renamed',
  )
  assert.equal((await drive.entry(id)).path, '/to/there/renamed/x.txt')
  assert.equal(await textOf(await drive.get('/to/there/renamed/x.txt')), 'x')
  assert.deepEqual(await namesIn('/from'), [])
  assert.equal((await drive.move(id, { folder: '/' })).path, '/x.txt')
  await assert.rejects(drive.move('/to', { folder: '/to/there/renamed' }), { code: 'invalid.move' })
  await assert.rejects(drive.move('/to', { folder: '/to' }), { code: 'invalid.move' })
  await assert.rejects(drive.move(id, { folder: '/no such folder' }), { code: 'missing.object' })
  await assert.rejects(drive.move('/to', { folder: '/x.txt' }), { code: 'missing.object' })
  for (const name of ['..', '.', '', 'a/b', 'nul\0', 'é'.repeat(128)]) {
    await assert.rejects(drive.move(id, { name }), { code: 'invalid.name' }, JSON.stringify(name))
  }
  await assert.rejects(drive.move(id, { folder: '/../..' }), { code: 'invalid.name' })
  assert.equal((await drive.entry(id)).path, '/x.txt')
  assert.equal((await drive.versions(id)).length, 1)
})

test('AQ-QINDEX-4: tags are added, taken away and searched; bad ones are refused and change nothing', async () => {
  await drive.put(itemsOf(fileItem('tagged/t.txt', 't')), { tags: ['Blue', 'überall'] })
  const ref = '/tagged/t.txt'
  assert.deepEqual((await drive.entry(ref)).tags, ['Blue', 'überall'])
  await drive.tag(ref, { add: ['neu'], remove: ['Blue'] })
  assert.deepEqual((await drive.entry(ref)).tags, ['neu', 'überall'])
  assert.deepEqual(
    (await drive.find({ tag: 'neu' })).map(({ path }) => path),
    [ref],
  )
  assert.deepEqual(await drive.find({ tag: 'Blue' }), [])
  for (const tag of ['', ' ', 'a\nb', 'x'.repeat(65), '\ud800']) {
    await assert.rejects(drive.tag(ref, { add: [tag] }), { code: 'invalid.tag' })
  }
  await assert.rejects(drive.tag(ref, {}), { code: 'invalid.argument' })
  await assert.rejects(drive.put(itemsOf(fileItem('tagged/u.txt', 'u')), { tags: ['a\u0000'] }), {
    code: 'invalid.tag',
  })
  await assert.rejects(drive.entry('/tagged/u.txt'), { code: 'missing.object' })
  assert.deepEqual((await drive.entry(ref)).tags, ['neu', 'überall'])
})

test('AQ-QINDEX-12: search by beginnings of words, whatever case and accents, by type, time and folder', async () => {
  await put(
    fileItem('found/Crème brûlée.TXT', 'x', { modifiedMs: someDay - 1000 }),
    fileItem('found/creme.png', 'y', { modifiedMs: someDay - 2000 }),
    fileItem('found/notes of march.md', 'z', { modifiedMs: someDay - 3000 }),
  )
  const names = async (query: Parameters<typeof drive.find>[0]) =>
    (await drive.find(query)).map(({ name }) => name).sort()
  assert.deepEqual(await names({ text: 'creme' }), ['Crème brûlée.TXT', 'creme.png'])
  assert.deepEqual(await names({ text: 'BRULEE cre' }), ['Crème brûlée.TXT'])
  assert.deepEqual(await names({ text: 'creme', type: 'image/*' }), ['creme.png'])
  assert.deepEqual(await names({ text: 'march' }), ['notes of march.md'])
  assert.deepEqual(await names({ text: 'creme', fromMs: someDay - 1000 }), ['Crème brûlée.TXT'])
  assert.deepEqual(await names({ text: 'creme', toMs: someDay - 1000 }), ['creme.png'])
  assert.deepEqual(await names({ text: 'no such thing' }), [])
  assert.equal((await drive.find({ text: 'creme', limit: 1 })).length, 1)
})

type NameRow = readonly [what: string, given: string, kept: string | undefined]

const names: readonly NameRow[] = [
  ['a step up', '..', undefined],
  ['here', '.', undefined],
  ['NUL', 'a\0b', undefined],
  ['256 bytes', 'a'.repeat(256), undefined],
  ['128 letters of two bytes', 'é'.repeat(128), undefined],
  ['half a surrogate pair', 'x\ud800', undefined],
  ['255 bytes', 'a'.repeat(255), 'a'.repeat(255)],
  ['three dots', '...', '...'],
  ['a space', ' ', ' '],
  ['spaces around', ' a ', ' a '],
  ['a dash first', '-rf', '-rf'],
  ['backslashes', '..\\..\\x', '..\\..\\x'],
  ['a line break', 'a\nb', 'a\nb'],
  ['a percent escape', '%2e%2e%2f', '%2e%2e%2f'],
  ['an emoji of seven parts', '👨‍👩‍👧‍👦.txt', '👨‍👩‍👧‍👦.txt'],
  ['decomposed', 'Amélie', 'Amélie'],
  ['right to left', 'שלום.txt', 'שלום.txt'],
  ['a turn of direction', 'photo\u202egnp.exe', 'photo\u202egnp.exe'],
  ['like an id', '0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef'],
  ['like a device of Windows', 'CON', 'CON'],
  ['like a member of objects', '__proto__', '__proto__'],
  ['like a constructor', 'constructor', 'constructor'],
]

for (const [what, given, kept] of names) {
  test(`a name (${what}) is ${kept === undefined ? 'refused, and the rest of the put is kept' : 'kept and found by itself'}`, async () => {
    const folder = `names/${toHex(fromUtf8(what))}`
    const report = await put(fileItem(`${folder}/${given}`, what), fileItem(`${folder}/beside.txt`, 'beside'))
    const found = (await drive.list(`/${folder}`)).map(({ name }) => name)
    if (kept === undefined) {
      assert.deepEqual(
        report.skipped.map(({ code }) => code),
        ['invalid.name'],
      )
      assert.match(report.skipped[0]?.sentence ?? '', /\. Choose another\.$/)
      assert.deepEqual(found, ['beside.txt'])
      return
    }
    assert.deepEqual(report.skipped, [])
    assert.deepEqual(found.sort(), [kept, 'beside.txt'].sort())
    assert.equal(await textOf(await drive.get(`/${folder}/${given}`)), what)
  })
}

test('paths that would lead elsewhere lead nowhere: as folders of a put, as what is asked for, and as where to put', async () => {
  const report = await put(
    fileItem('../up.txt', 'x'),
    fileItem('tricks/../../up.txt', 'x'),
    fileItem('tricks/./here.txt', 'x'),
    fileItem('tricks/good.txt', 'good'),
    { kind: 'folder', path: 'tricks/..', modifiedMs: 0 },
  )
  assert.deepEqual(
    report.skipped.map(({ code }) => code),
    ['invalid.name', 'invalid.name', 'invalid.name', 'invalid.name'],
  )
  assert.deepEqual(await namesIn('/tricks'), ['good.txt'])
  for (const ref of ['/tricks/../tricks/good.txt', '../etc/passwd', 'a\0', '/tricks/./good.txt']) {
    await assert.rejects(drive.get(ref), ({ code }: Fault) => /^(invalid|missing)\./.test(code), ref)
  }
  for (const to of ['..', '/../x', 'a/../b', 'nul\0']) {
    await assert.rejects(drive.put(itemsOf(fileItem('x.txt', 'x')), { to }), { code: 'invalid.name' }, to)
  }
})

test('the same name in two forms of Unicode is one file', async () => {
  await putFile(world, 'forms/caf\u00e9.txt', 'composed')
  await putFile(world, 'forms/cafe\u0301.txt', 'decomposed', { modifiedMs: someDay })
  const entries = await drive.list('/forms')
  assert.deepEqual(
    entries.map(({ name, versions }) => [name, versions]),
    [['caf\u00e9.txt', 2]],
  )
  assert.equal(await textOf(await drive.get('/forms/cafe\u0301.txt')), 'decomposed')
  assert.equal(await textOf(await drive.get('/forms/caf\u00e9.txt')), 'decomposed')
})

test('a file named like the id of another: the id means the one, the path the other', async () => {
  const id = await putFile(world, 'ids/one.txt', 'one')
  await putFile(world, `ids/${id}`, 'named like it')
  assert.equal(await textOf(await drive.get(id)), 'one')
  assert.equal(await textOf(await drive.get(`/ids/${id}`)), 'named like it')
})

test('a name that several things have is asked about, never guessed', async () => {
  await put(fileItem('several/1/same.txt', '1'), fileItem('several/2/same.txt', '2'))
  await assert.rejects(drive.get('same.txt'), ({ code, message }: Fault) => {
    assert.equal(code, 'conflict.name')
    for (const path of ['/several/1/same.txt', '/several/2/same.txt'])
      assert.ok(message.includes(path), message)
    return true
  })
})

test('a file and a folder of one name: both are kept and shown under names that tell them apart', async () => {
  await putFile(world, 'clash/thing', 'a file')
  await put(fileItem('clash/thing/inside.txt', 'in the folder of that name'))
  const entries = await drive.list('/clash')
  assert.equal(entries.length, 2)
  assert.equal(new Set(entries.map(({ name }) => name)).size, 2)
  const texts = []
  for await (const entry of drive.walk('/clash'))
    if (entry.kind === 'file') texts.push(await textOf(await drive.get(entry.path)))
  assert.deepEqual(texts.sort(), ['a file', 'in the folder of that name'])
})

test('the same path twice in one put is two versions, the later one last', async () => {
  const report = await put(fileItem('twice.txt', 'first'), fileItem('twice.txt', 'second'))
  assert.deepEqual(report.skipped, [])
  assert.equal(await textOf(await drive.get('twice.txt')), 'second')
  assert.equal(await textOf(await drive.get('twice.txt', { version: 1 })), 'first')
})

test('while a commit of many files is under way the next ones come: folders, names and versions are as if it had waited', async () => {
  const other = await createWorld({ seed: 31 })
  const { drive: theirs } = other.operations
  const perCommit = 5000
  const item = (i: number) => fileItem(`many/${i % 7}/${i}.txt`, `file ${i}`)
  const batch = [
    ...Array.from({ length: perCommit }, (_, i) => item(i)),
    fileItem('many/3/3.txt', 'file 3 again'),
    fileItem('many/new/x.txt', 'x'),
    fileItem('many/new/x.txt', 'x again'),
    ...Array.from({ length: 7 }, (_, i) => item(perCommit + i)),
  ]
  const report = await theirs.put(itemsOf(...batch))
  assert.deepEqual([report.files, report.folders, report.skipped], [batch.length, 9, []])
  const there: string[] = []
  for await (const { kind, path } of theirs.walk('/')) if (kind === 'file') there.push(path)
  assert.deepEqual(there.sort(), [...new Set(batch.map(({ path }) => `/${path}`))].sort())
  for (const [path, first, second] of [
    ['/many/3/3.txt', 'file 3', 'file 3 again'],
    ['/many/new/x.txt', 'x', 'x again'],
  ] as const) {
    assert.equal(await textOf(await theirs.get(path)), second)
    assert.equal(await textOf(await theirs.get(path, { version: 1 })), first)
  }
  assert.ok((await theirs.history()).length >= 3)
  const again = await theirs.put(itemsOf(...batch.toSpliced(perCommit, 3)))
  assert.equal(again.unchanged, batch.length - 4)
})

const windowBytes = 8 * mebibyte
const sizes = [
  ...around(smallBytesMax),
  ...around(chunkBytesMin),
  ...around(chunkBytesAverage),
  ...around(chunkBytesMax),
  ...around(windowBytes),
]

function around(bytes: number): number[] {
  return [bytes - 1, bytes, bytes + 1]
}

test('files of sizes around every limit come back whole: of chunks, of windows, and of what is read in one go', async () => {
  const source = noise(windowBytes + 1, 11)
  const zeros = new Uint8Array(windowBytes + 1)
  const items = [0, 1, ...sizes].flatMap((size) => [
    fileItem(`sizes/noise-${size}`, source.subarray(0, size)),
    fileItem(`sizes/zeros-${size}`, zeros.subarray(0, size)),
  ])
  const report = await put(...items)
  assert.deepEqual([report.files, report.skipped], [items.length, []])
  for (const size of [0, 1, ...sizes]) {
    for (const [kind, from] of [
      ['noise', source],
      ['zeros', zeros],
    ] as const) {
      const { bytes, stream } = await drive.get(`/sizes/${kind}-${size}`)
      assert.equal(bytes, size)
      assert.ok(equalBytes(await bytesOf(stream), from.subarray(0, size)), `${kind} ${size}`)
    }
  }
  assert.deepEqual((await operations.health.verify('/sizes/noise-1')).findings, [])
})

test('range reads give exactly the bytes asked for, at every border of a chunk and at both ends', async () => {
  const content = noise(6 * mebibyte, 12)
  await putFile(world, 'ranges.bin', content)
  const borders = [0]
  for await (const chunk of (await drive.get('ranges.bin')).stream)
    borders.push((borders.at(-1) as number) + chunk.length)
  assert.ok(borders.length > 3, `${borders.length - 1} chunks`)
  assert.equal(borders.at(-1), content.length)
  const ranges: [number, number][] = [
    [0, 0],
    [0, content.length],
    [content.length, content.length],
  ]
  for (const border of borders) {
    for (const from of [border - 2, border - 1, border, border + 1]) {
      for (const to of [from, from + 1, from + 2, from + chunkBytesMin]) {
        if (from >= 0 && to <= content.length) ranges.push([from, to])
      }
    }
  }
  for (const [fromByte, toByte] of ranges) {
    const { stream, bytes } = await drive.get('ranges.bin', { fromByte, toByte })
    assert.equal(bytes, content.length)
    assert.ok(equalBytes(await bytesOf(stream), content.subarray(fromByte, toByte)), `${fromByte}-${toByte}`)
  }
  for (const [fromByte, toByte] of [
    [1, 0],
    [0, content.length + 1],
    [content.length + 1, content.length + 2],
    [-1, 5],
  ] as const) {
    await assert.rejects(
      drive.get('ranges.bin', { fromByte, toByte }),
      { code: 'invalid.range' },
      `${fromByte}-${toByte}`,
    )
  }
})

test('a range reads the chunks that it touches and no others', async () => {
  await putFile(world, 'few.bin', noise(12 * mebibyte, 13))
  world.asked.clear()
  await bytesOf((await drive.get('few.bin', { fromByte: 5 * mebibyte, toByte: 5 * mebibyte + 10 })).stream)
  const blocks = world.asked.get('blocks.get') ?? 0
  assert.ok(blocks <= 4, `${blocks} blocks for ten bytes`)
})

/** A stream that gives so many bytes and then breaks. */
function broken(path: string, bytes: number, error: Error): PutFile {
  async function* source(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes; at += mebibyte) yield noise(Math.min(mebibyte, bytes - at), at + 1)
    throw error
  }
  return {
    kind: 'file',
    path,
    bytes: 2 * bytes,
    modifiedMs: someDay,
    content: streamContent(source()),
  }
}

test('AQ-FIN-10: a source that fails midway leaves nothing of that file, and the others of the put are kept', async () => {
  const fault = new Fault('unavailable.disk', 'The source broke. Try again.')
  const report = await put(
    fileItem('midway/before.txt', 'before'),
    broken('midway/broken.bin', 5 * mebibyte, fault),
    fileItem('midway/after.txt', 'after'),
  )
  assert.deepEqual(report.skipped, [
    { path: 'midway/broken.bin', code: 'unavailable.disk', sentence: 'The source broke. Try again.' },
  ])
  assert.deepEqual((await namesIn('/midway')).sort(), ['after.txt', 'before.txt'])
  assert.deepEqual(await drive.find({ text: 'broken' }), [])
  // Blocks that no version names are freed by the next compaction.
  const { freedBytes } = await operations.health.compact()
  assert.ok(freedBytes > 3 * mebibyte, `${freedBytes} bytes`)
  assert.equal(await textOf(await drive.get('/midway/after.txt')), 'after')
})

test('AQ-FIN-10: a list of files that breaks off midway leaves nothing visible that was not said to be kept', async () => {
  async function* items(): AsyncIterable<readonly PutItem[]> {
    yield [fileItem('list/a.txt', 'a'), fileItem('list/b.bin', noise(3 * mebibyte, 14))]
    throw new Fault('unavailable.disk', 'The folder went away. Plug it in again.')
  }
  await assert.rejects(drive.put(items()), { code: 'unavailable.disk' })
  await assert.rejects(drive.list('/list'), { code: 'missing.object' })
  assert.deepEqual((await operations.health.verify()).findings, [])
})

test('AQ-FIN-10: a store that is full at any step of a put leaves nothing visible, and the next put goes on', async () => {
  let roomFor = Number.POSITIVE_INFINITY
  const refuse = <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      roomFor -= 1
      if (roomFor < 0) throw new Fault('unavailable.full', 'The disk is full. Free some room and try again.')
      return act(...args)
    }
  }
  const other = await createWorld({
    seed: 30,
    ports: (ports) => ({
      ...ports,
      blocks: {
        ...ports.blocks,
        put: refuse(ports.blocks.put),
        putSealed: refuse(ports.blocks.putSealed),
      },
    }),
  })
  const { drive: theirs, health } = other.operations
  for (const steps of [0, 1, 2, 3]) {
    const folder = `full ${steps}`
    const items = () =>
      itemsOf(fileItem(`${folder}/a.bin`, noise(3 * mebibyte, 150 + steps)), fileItem(`${folder}/b.txt`, 'b'))
    const before = (await theirs.list('/')).length
    roomFor = steps
    await assert.rejects(theirs.put(items()), { code: 'unavailable.full' }, `step ${steps}`)
    roomFor = Number.POSITIVE_INFINITY
    assert.equal((await theirs.list('/')).length, before, `step ${steps}`)
    const report = await theirs.put(items())
    assert.deepEqual([report.files, report.skipped], [2, []])
  }
  assert.deepEqual((await health.verify()).findings, [])
})

test('a put that is cancelled in the middle keeps nothing half, and the next one goes on where it stopped', async () => {
  const files = () =>
    Array.from({ length: 8 }, (_, i) => fileItem(`cancel/${i}.bin`, noise(2 * mebibyte, 40 + i)))
  const stop = new AbortController()
  const onProgress = ({ files: kept }: { files: number }): void => {
    if (kept === 3) stop.abort()
  }
  await assert.rejects(
    drive.put(itemsOf(...files()), { signal: stop.signal, onProgress }),
    (error: unknown) => {
      assert.match(String((error as Error).name + (error as Fault).code), /AbortError|cancelled/)
      return true
    },
  )
  const kept = await drive.list('/cancel').then(
    (entries) => entries.length,
    () => 0,
  )
  assert.ok(kept < files().length)
  const rest = await put(...files())
  assert.equal(rest.files + rest.unchanged, files().length)
  assert.ok(rest.newBytes < 15 * mebibyte, 'what was stored before is not stored again')
  for (const [i, { path }] of files().entries())
    assert.ok(
      equalBytes(await bytesOf((await drive.get(`/${path}`)).stream), noise(2 * mebibyte, 40 + i)),
      path,
    )
})

test('a get that is cancelled stops, and the next one reads everything', async () => {
  const content = noise(12 * mebibyte, 50)
  await putFile(world, 'stopped.bin', content)
  const stop = new AbortController()
  const { stream } = await drive.get('stopped.bin', { signal: stop.signal })
  let pieces = 0
  await assert.rejects(async () => {
    for await (const _ of stream) {
      pieces += 1
      stop.abort()
    }
  }, /abort/i)
  assert.ok(pieces < 8, `${pieces} pieces came after all`)
  assert.ok(equalBytes(await bytesOf((await drive.get('stopped.bin')).stream), content))
})

test('a reader that leaves early ends its flow and holds nothing up', async () => {
  await putFile(world, 'left.bin', noise(6 * mebibyte, 51))
  const before = world.kernel.guardian.status().flows.access
  for await (const _ of (await drive.get('left.bin')).stream) break
  const after = world.kernel.guardian.status().flows.access
  assert.equal(after.ok + after.failed + after.refused, before.ok + before.failed + before.refused + 1)
})

test('AQ-FOUT-4: a block that is another one than its name says is refused before any of its bytes go out', async () => {
  let isChanged = false
  const other = await createWorld({
    seed: 60,
    ports: (ports) => ({
      ...ports,
      blocks: {
        ...ports.blocks,
        async get(cid) {
          const bytes = await ports.blocks.get(cid)
          if (!isChanged || bytes === undefined || bytes.length < mebibyte / 2) return bytes
          const changed = bytes.slice()
          changed[1000] = (changed[1000] as number) ^ 1
          return changed
        },
      },
    }),
  })
  const content = noise(3 * mebibyte, 61)
  await putFile(other, 'good.bin', content)
  isChanged = true
  const parts: Uint8Array[] = []
  await assert.rejects(
    async () => {
      for await (const part of (await other.operations.drive.get('good.bin')).stream) parts.push(part)
    },
    { code: 'damaged.chunk' },
  )
  assert.deepEqual(parts, [])
  const flows = other.kernel.guardian.status().flows.access
  assert.equal(flows.failed, 1)
})

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
