import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8, toHex } from '@anarq/bytes'
import type { Fault } from '@anarq/fault'
import { parseCid } from '@anarq/ipld'
import { createDriveWorld, mebibyte } from './drive-world.ts'
import { bytesOf, createWorld, fileItem, itemsOf, noise, putFile, someDay, textOf } from './world.ts'

const { world, drive, put, namesIn } = await createDriveWorld()

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

test('AQ-QDRIVE-1: a folder comes back with its time and mode, which follow those that it is put with again', async () => {
  const folder = (modifiedMs: number, mode?: number) =>
    put({ kind: 'folder', path: 'shut', modifiedMs, ...(mode === undefined ? {} : { mode }) })
  const facts = async () => {
    for await (const { entry } of drive.readTree('/shut')) return [entry.modifiedMs, entry.mode]
    return []
  }
  const commits = async () => (await Array.fromAsync(await drive.history({ limit: 100 }))).length
  await folder(someDay, 0o550)
  assert.deepEqual(await facts(), [someDay, 0o550])
  const before = await commits()
  await folder(someDay, 0o550)
  assert.equal(await commits(), before)
  await folder(someDay + 1, 0o700)
  assert.deepEqual(await facts(), [someDay + 1, 0o700])
  await folder(someDay + 2)
  assert.deepEqual(await facts(), [someDay + 2, 0o700])
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

test('what lies in the trash is named by the path that it had, where only one thing there had it, and else by its id', async () => {
  await put(fileItem('was/x.txt', 'one'), fileItem('other/x.txt', 'other'))
  await drive.remove('/other/x.txt')
  await drive.remove('/was/x.txt')
  await assert.rejects(drive.entry('/was/x.txt'), { code: 'missing.object' })
  await drive.restore('/was/x.txt')
  assert.equal(await textOf(await drive.get('/was/x.txt')), 'one')
  await drive.remove('/was/x.txt')
  await put(fileItem('was/x.txt', 'two'))
  // What is there now is no reason to say that the trash has none.
  assert.match((await drive.restore('was/x.txt')).path, /^\/was\/x/)
  const { id } = await drive.remove('/was/x.txt')
  for (const { id: left } of await drive.list('/was')) await drive.remove(left)
  for (const act of [drive.restore, (ref: string) => drive.remove(ref, { isForever: true })])
    await assert.rejects(act('/was/x.txt'), { code: 'conflict.name', message: new RegExp(id) })
  await drive.remove(id, { isForever: true })
  await drive.remove('/was/x.txt', { isForever: true })
  await assert.rejects(drive.remove('/was/x.txt', { isForever: true }), { code: 'missing.object' })
  assert.equal((await drive.restore('/other/x.txt')).path, '/other/x.txt')
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
