/** What an archive may not be, and what becomes of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { PutItem } from '@anarq/flows'
import { encodeHead, tarEnd, tarType } from '@anarq/tar'
import fc from 'fast-check'
import { packItems } from '../src/tar/pack-items.ts'
import { unpackItems } from '../src/tar/unpack-items.ts'
import { batches, checksum, joined, pieced, smallFile, streamedFile, unpacked } from './archives.ts'

test('an archive that is cut short anywhere is refused, and nothing of the file at the cut comes out', async () => {
  const content = new Uint8Array(150_000).fill(3)
  const archive = await joined(
    packItems(
      batches([
        smallFile('first', fromUtf8('1')),
        streamedFile('second', content.length, pieced(content)),
        smallFile('third', fromUtf8('3')),
      ]),
      {},
    ),
  )
  const endOfSecond = archive.length - tarEnd.length - 1024
  for (let length = 1; length < archive.length - 1024; length += 509) {
    const seen: string[] = []
    await assert.rejects(
      async () => {
        const { items } = await unpackItems(pieced(archive.subarray(0, length), [4000]))
        for await (const batch of items) {
          for (const one of batch) {
            if (one.kind !== 'file' || one.content.kind !== 'stream') continue
            const reader = await one.content.open()
            const into = new Uint8Array(65_536)
            while ((await reader.read(into)) > 0);
            await reader.close()
            seen.push(one.path)
          }
        }
      },
      { code: 'invalid.tar' },
      `cut after ${length} bytes`,
    )
    assert.ok(seen.length === 0 || length >= endOfSecond, `cut after ${length} bytes`)
  }
})

test('archives with changed bytes are read or refused, never anything else', async () => {
  const archive = await joined(
    packItems(
      batches([
        smallFile('a/ü', fromUtf8('1'), { modifiedMs: 1.5 }),
        { kind: 'folder', path: 'b', modifiedMs: 5 },
        streamedFile('c', undefined, pieced(new Uint8Array(600))),
      ]),
      {},
    ),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      async (changes) => {
        const changed = Buffer.from(archive)
        for (const [at, byte] of changes) changed[at] = byte
        try {
          await unpacked(pieced(changed, [700]))
        } catch (error) {
          assert.ok(error instanceof Fault && /^(invalid|limit)\./.test(error.code), String(error))
        }
      },
    ),
    { numRuns: 400 },
  )
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (noise) => {
      await assert.rejects(unpacked(pieced(noise)), (error) => error instanceof Fault)
    }),
  )
})

for (const bad of [
  '../up',
  'a/../../b',
  '/absolute',
  'a//b',
  'a/./b',
  'a\0b',
  '..',
  `${'d/'.repeat(600)}x`,
]) {
  test(`the name ${JSON.stringify(bad.slice(0, 20))} is left out and said, and the files beside it come in`, async () => {
    const all = await unpacked(
      packItems(batches([smallFile(bad, fromUtf8('x')), smallFile('good', fromUtf8('y'))]), {}),
    )
    assert.deepEqual(
      all.map((one) => one.kind),
      ['skipped', 'file'],
    )
    assert.equal(all[0]?.kind === 'skipped' && all[0].code, 'invalid.name')
  })
}

test('a name that is no Unicode is left out and said', async () => {
  const block = Buffer.from(encodeHead({ path: 'aaa', type: tarType.file, bytes: 0, modifiedMs: 0 }))
  block[1] = 0xff
  checksum(block)
  const [only] = await unpacked(pieced(Buffer.concat([block, tarEnd])))
  assert.deepEqual(only?.kind === 'skipped' && only.code, 'invalid.name')
})

test('hard links, sparse files and devices are left out with a reason', async () => {
  const heads = [0x31, 0x33, 0x34, 0x36].map((type) =>
    encodeHead({ path: `t${type}`, type, bytes: 0, modifiedMs: 0 }),
  )
  const sparse = encodeHead({
    path: 's',
    type: tarType.file,
    bytes: 0,
    modifiedMs: 0,
    records: [['GNU.sparse.major', '1']],
  })
  const all = await unpacked(pieced(Buffer.concat([...heads, sparse, tarEnd])))
  assert.deepEqual(
    all.map((one) => one.kind === 'skipped' && one.code),
    Array(5).fill('invalid.kind'),
  )
})

test('bytes behind the end of an archive are refused; the zeros that tar fills up with are not', async () => {
  const archive = await joined(packItems(batches([smallFile('a', fromUtf8('x'))]), {}))
  assert.equal((await unpacked(pieced(Buffer.concat([archive, new Uint8Array(8192)])))).length, 1)
  await assert.rejects(unpacked(pieced(Buffer.concat([archive, fromUtf8('more')]))), { code: 'invalid.tar' })
})

test('a file that changes while it is read is left out with the reason, and the others stay', async () => {
  const source = (bytes: number, fault?: Fault): AsyncIterable<Uint8Array> =>
    (async function* () {
      yield new Uint8Array(bytes)
      if (fault !== undefined) throw fault
    })()
  const unreadable = new Fault('unavailable.disk', 'The disk does not answer.')
  const items = [
    streamedFile('grew', 200_000, source(200_001)),
    streamedFile('shrank', 200_000, source(150_000)),
    streamedFile('broke', 200_000, source(100_000, unreadable)),
    streamedFile('broke-parts', undefined, source(700_000, unreadable)),
    {
      kind: 'file',
      path: 'small',
      bytes: 5,
      modifiedMs: 0,
      content: {
        kind: 'small',
        readAll: () => {
          throw unreadable
        },
      },
    },
    {
      kind: 'file',
      path: 'closed',
      bytes: 200_000,
      modifiedMs: 0,
      content: {
        kind: 'stream',
        open: async () => {
          throw unreadable
        },
      },
    },
    smallFile('good', fromUtf8('x')),
  ] satisfies PutItem[]
  const all = await unpacked(packItems(batches(items), {}))
  assert.deepEqual(
    all.map((one) => [one.path, one.kind === 'skipped' ? one.code : one.kind]),
    [
      ['grew', 'conflict.changing'],
      ['shrank', 'conflict.changing'],
      ['broke', 'unavailable.disk'],
      ['broke-parts', 'unavailable.disk'],
      ['small', 'unavailable.disk'],
      ['closed', 'unavailable.disk'],
      ['good', 'file'],
    ],
  )
})

test('content that nobody reads is passed over', async () => {
  const broken = (async function* () {
    yield new Uint8Array(1000)
    throw new Fault('unavailable.disk', 'The disk does not answer.')
  })()
  const items = [
    streamedFile('big', 400_000, pieced(new Uint8Array(400_000))),
    streamedFile('parts', undefined, pieced(new Uint8Array(900_000))),
    streamedFile('broken', 200_000, broken),
    smallFile('last', fromUtf8('x')),
  ]
  const seen: string[] = []
  const { items: out } = await unpackItems(packItems(batches(items), {}))
  for await (const batch of out) seen.push(...batch.map((one) => one.path))
  assert.deepEqual(seen, ['big', 'parts', 'broken', 'last'])
})

test('what the node has already is named without its bytes; asked for after all, it is left out', async () => {
  const archive = await joined(
    packItems(
      batches([smallFile('old', new Uint8Array(90_000)), smallFile('new', fromUtf8('x'))]),
      {},
      { isKnown: ({ path: at }) => at === 'old' },
    ),
  )
  assert.ok(archive.length < 10_000)
  const all = await unpacked(pieced(archive))
  assert.deepEqual(
    all.map((one) => [one.path, one.kind === 'skipped' ? one.code : one.kind]),
    [
      ['old', 'conflict.changed'],
      ['new', 'file'],
    ],
  )
})
