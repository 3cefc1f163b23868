import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { discard, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { PutItem } from '@anarq/flows'
import { encodeHead, readPax, tarEnd, tarType, writePax } from '@anarq/tar'
import fc from 'fast-check'
import tarStream from 'tar-stream'
import { packItems } from '../src/tar/pack-items.ts'
import { createTarReader } from '../src/tar/reader.ts'
import { unpackItems } from '../src/tar/unpack-items.ts'
import {
  batches,
  checksum,
  joined,
  type Plain,
  pieced,
  smallFile,
  streamedFile,
  unpacked,
} from './archives.ts'

const hasTar = spawnSync('tar', ['--version']).status === 0

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..' && text.isWellFormed())
const path = fc
  .array(name, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('/'))
  .filter((text) => text !== '.anarq-options.json')
const time = fc.integer({ min: -(2 ** 40), max: 2 ** 45 })
const body = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.integer({ min: 100_000, max: 300_000 }).map((length) => new Uint8Array(length).fill(length % 251)),
)
const plainObjects = { noNullPrototype: true } as const
const item = fc.oneof(
  fc.record({ kind: fc.constant('folder' as const), path, modifiedMs: time }, plainObjects),
  fc.record(
    {
      kind: fc.constant('skipped' as const),
      path,
      code: fc.constant('unavailable.disk'),
      sentence: fc.string({ unit: 'grapheme', maxLength: 80 }).filter((text) => text.isWellFormed()),
    },
    plainObjects,
  ),
  fc.record(
    {
      kind: fc.constant('file' as const),
      path,
      modifiedMs: time,
      mode: fc.option(fc.integer({ min: 0, max: 0o777 }), { nil: undefined }),
      type: fc.constantFrom(undefined, 'image/png', 'text/plain; charset=utf-8'),
      body,
      how: fc.constantFrom('small', 'stream', 'unknown'),
    },
    plainObjects,
  ),
)

test('whatever is put comes out of the archive as it went in, however the archive is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(item, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 }),
      async (items, lengths) => {
        const archive = await joined(packItems(batches(items.map(itemOf)), { tags: ['a'] }))
        assert.equal(archive.length % 512, 0)
        assert.deepEqual(await unpacked(pieced(archive, lengths)), items.map(plainOf))
      },
    ),
    { numRuns: 60 },
  )
})

test('a body of which every piece is given back when it was read leaves what follows it whole, wherever pieces end', async () => {
  const bodies = [65_536, 65_535, 1, 512, 100_000].map((length, i) => new Uint8Array(length).fill(i + 1))
  const archive = Buffer.concat([
    ...bodies.flatMap((body, i) => [
      encodeHead({ path: `file-${i}`, type: tarType.file, bytes: body.length, modifiedMs: 0 }),
      body,
      new Uint8Array(-body.length & 511),
    ]),
    tarEnd,
  ])
  for (const lengths of [[512, 65_536], [512, 65_535, 1], [65_536], [511, 1], [512, 65_536, 512, 65_535]]) {
    async function* ownPieces(): AsyncIterable<Uint8Array> {
      for await (const piece of pieced(archive, lengths)) yield new Uint8Array(piece)
    }
    const tar = createTarReader(ownPieces())
    for (const body of bodies) {
      assert.ok((await tar.next()) !== undefined)
      const read: Uint8Array[] = []
      for (let piece = await tar.piece(); piece !== undefined; piece = await tar.piece()) {
        read.push(new Uint8Array(piece))
        discard(piece)
      }
      assert.ok(Buffer.concat(read).equals(body), `pieces of ${lengths}`)
    }
    assert.equal(await tar.next(), undefined)
  }
})

test('options travel as the first entry, and nowhere else', async () => {
  const options = { tags: ['a', 'ü'], lock: 'a secret', isDecoy: true, ping: 'AAAA', purpose: 'tax' }
  const archive = await joined(
    packItems(batches([smallFile('.anarq-options.json', fromUtf8('mine'))]), options),
  )
  const read = await unpackItems(pieced(archive))
  assert.deepEqual(read.options, options)
  const all: string[] = []
  for await (const batch of read.items) all.push(...batch.map((one) => one.path))
  assert.deepEqual(all, ['.anarq-options.json'], 'a file of that name is a file like any other')
})

for (const [what, text] of [
  ['no JSON', '{'],
  ['a list', '[]'],
  ['an unknown option', '{"colour":"red"}'],
  ['tags that are no texts', '{"tags":[1]}'],
  ['a lock that is no text', '{"lock":1}'],
]) {
  test(`options with ${what} are refused`, async () => {
    const bytes = fromUtf8(text as string)
    const archive = Buffer.concat([
      encodeHead({ path: '.anarq-options.json', type: tarType.file, bytes: bytes.length, modifiedMs: 0 }),
      bytes,
      new Uint8Array(512 - bytes.length),
      tarEnd,
    ])
    await assert.rejects(
      unpackItems(pieced(archive)),
      (error) => error instanceof Fault && error.code.startsWith('invalid.'),
    )
  })
}

test('tar-stream reads what is written here', async () => {
  const long = 'x'.repeat(90)
  const items = [
    { kind: 'folder', path: 'föld', modifiedMs: 1000 },
    smallFile('föld/ä.txt', fromUtf8('hello'), { modifiedMs: 1_700_000_001_000, mode: 0o640 }),
    smallFile(`${long}/${long}/${long}`, new Uint8Array(1000).fill(7)),
    smallFile('link', fromUtf8('../target'), { type: 'inode/symlink' }),
    streamedFile('big', 300_000, pieced(new Uint8Array(300_000).fill(1))),
  ] satisfies PutItem[]
  const extract = tarStream.extract()
  const seen: unknown[] = []
  extract.on('entry', (header, stream, next) => {
    const { type, size, linkname, mode } = header
    seen.push([header.name, type, size, linkname, mode, header.mtime?.getTime()])
    stream.resume()
    stream.on('end', next)
  })
  extract.end(await joined(packItems(batches(items), {})))
  await once(extract, 'finish')
  assert.deepEqual(seen.slice(1), [
    ['föld/', 'directory', 0, null, 0, 1000],
    ['föld/ä.txt', 'file', 5, null, 0o640, 1_700_000_001_000],
    [`${long}/${long}/${long}`, 'file', 1000, null, 0, 0],
    ['link', 'symlink', 0, '../target', 0, 0],
    ['big', 'file', 300_000, null, 0, 0],
  ])
})

test('what tar-stream writes is read here', async () => {
  const pack = tarStream.pack()
  const long = `${'ö'.repeat(60)}/${'n'.repeat(120)}`
  pack.entry({ name: 'd', type: 'directory', mtime: new Date(5000) })
  pack.entry({ name: long, mtime: new Date(6000), mode: 0o600 }, 'hello')
  pack.entry({ name: 'l', type: 'symlink', linkname: 'd', mtime: new Date(7000) })
  pack.entry({ name: 'pipe', type: 'fifo' })
  pack.finalize()
  const all = await unpacked(pack as unknown as AsyncIterable<Uint8Array>)
  assert.deepEqual(
    all.map((one) => [one.kind, one.path]),
    [
      ['folder', 'd'],
      ['file', long],
      ['file', 'l'],
      ['skipped', 'pipe'],
    ],
  )
  assert.deepEqual(all[2], {
    kind: 'file',
    path: 'l',
    modifiedMs: 7000,
    mode: 0o644,
    type: 'inode/symlink',
    bytes: 1,
    content: Buffer.from('d').toString('hex'),
  })
})

for (const format of ['gnu', 'posix', 'ustar', 'v7', 'oldgnu']) {
  test(
    `the tar of this machine, format ${format}: what it writes is read here`,
    { skip: !hasTar && 'there is no tar here' },
    () =>
      inFolder(async (folder) => {
        const deep = join(
          folder,
          'in',
          'a'.repeat(format === 'v7' ? 10 : 80),
          format === 'v7' ? 'b' : 'b'.repeat(60),
        )
        mkdirSync(deep, { recursive: true })
        writeFileSync(join(deep, 'file.bin'), new Uint8Array(200_000).fill(9))
        writeFileSync(join(folder, 'in', 'ünï'), 'text')
        symlinkSync('ünï', join(folder, 'in', 'link'))
        const { stdout, status } = spawnSync(
          'tar',
          ['-C', join(folder, 'in'), `--format=${format}`, '-cf', '-', '.'],
          { maxBuffer: 1e7 },
        )
        assert.equal(status, 0)
        const all = await unpacked(pieced(stdout, [1000]))
        const files = all
          .filter((one) => one.kind === 'file')
          .map(({ path: at, bytes, type }) => [at.split('/').at(-1), bytes, type])
        assert.deepEqual(files.sort(), [
          ['file.bin', 200_000, undefined],
          ['link', 5, 'inode/symlink'],
          ['ünï', 4, undefined],
        ])
        assert.equal(
          all.filter((one) => one.kind === 'folder').length,
          2,
          'the folder "." itself is none of them',
        )
      }),
  )
}

test('the tar of this machine reads what is written here', { skip: !hasTar && 'there is no tar here' }, () =>
  inFolder(async (folder) => {
    const deep = `${'a'.repeat(80)}/${'ö'.repeat(60)}`
    const items = [
      smallFile(`${deep}/file.txt`, fromUtf8('hello'), { modifiedMs: 1_500_000_000_000, mode: 0o600 }),
      smallFile('l', fromUtf8(deep), { type: 'inode/symlink' }),
    ]
    const archive = await joined(packItems(batches(items), {}))
    const { status, stderr } = spawnSync('tar', ['-C', folder, '-xf', '-'], { input: archive })
    assert.equal(status, 0, stderr.toString())
    assert.equal(readFileSync(join(folder, 'l', 'file.txt'), 'utf8'), 'hello')
  }),
)

test('a file of more than 8 GiB keeps its length', async () => {
  for (const bytes of [8 ** 11 - 1, 8 ** 11, 9 * 2 ** 30, Number.MAX_SAFE_INTEGER]) {
    const entry = await createTarReader(
      pieced(encodeHead({ path: 'big', type: tarType.file, bytes, modifiedMs: 0 })),
    ).next()
    assert.equal(entry?.bytes, bytes)
  }
})

test("GNU's binary sizes and times are read", async () => {
  const block = Buffer.from(encodeHead({ path: 'big', type: tarType.file, bytes: 0, modifiedMs: 0 }))
  block.fill(0, 124, 148)
  block[124] = 0x80
  block.writeUIntBE(9 * 2 ** 30, 130, 6)
  block.fill(0xff, 136, 148)
  checksum(block)
  const entry = await createTarReader(pieced(block)).next()
  assert.equal(entry?.bytes, 9 * 2 ** 30)
  assert.equal(entry?.modifiedMs, -1000)
})

test('extended headers of any text come back; malformed ones are refused', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.stringMatching(/^[A-Za-z.]{1,20}$/),
          fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => text.isWellFormed()),
        ),
      ),
      (records) => {
        assert.deepEqual(readPax(writePax(records)), new Map(records))
      },
    ),
  )
  for (const text of [
    '5 a=b',
    '6 a=b',
    '06 a=b\n',
    '7 a=b\n',
    '99999999 a=b\n',
    'x',
    '4 =\n',
    ' 6 a=b\n',
    '6 ab \n',
    '5 a=\n\n',
  ]) {
    assert.throws(() => readPax(fromUtf8(text)), { code: 'invalid.tar' }, JSON.stringify(text))
  }
})

type Item = typeof item extends fc.Arbitrary<infer T> ? T : never

function itemOf(one: Item): PutItem {
  if (one.kind === 'folder') return one
  if (one.kind === 'skipped')
    return { kind: 'skipped', path: one.path, fault: new Fault('unavailable.disk', one.sentence) }
  const { modifiedMs, mode, type, body: bytes, how } = one
  const common = {
    kind: 'file' as const,
    path: one.path,
    modifiedMs,
    ...(mode === undefined ? {} : { mode }),
    ...(type === undefined ? {} : { type }),
  }
  if (how === 'small')
    return { ...common, bytes: bytes.length, content: { kind: 'small', readAll: () => bytes } }
  const { content } = streamedFile('', bytes.length, pieced(bytes, [70_001])) as PutItem & { kind: 'file' }
  return { ...common, bytes: how === 'unknown' ? undefined : bytes.length, content }
}

function plainOf(one: Item): Plain {
  if (one.kind !== 'file') return one
  const { modifiedMs, mode, type, body: bytes, how } = one
  return {
    kind: 'file',
    path: one.path,
    modifiedMs,
    mode,
    type,
    bytes: how === 'unknown' ? undefined : bytes.length,
    content: Buffer.from(bytes).toString('hex'),
  }
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'anarq-tar-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
