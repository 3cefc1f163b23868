import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, fromUtf8 } from '@anarq/bytes'
import { type Cid, cborCodec, cidOfDigest, encodeCbor, rawCodec } from '@anarq/ipld'
import { cidOf, openChunk, sealChunk } from '@anarq/qlock'
import {
  type Block,
  blockBytesMax,
  blocksOf,
  type CarDamage,
  createListBuilder,
  createMemoryBlocks,
  encodeCarBlock,
  encodeCarHeader,
  openEnvelope,
  openSlot,
  parseEnvelope,
  readCar,
  readChunks,
  readQntFile,
  sealEnvelope,
  writeQntFile,
} from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import {
  chunkSecret,
  collect,
  flipped,
  kek,
  otherReader,
  putSmall,
  reader,
  sealOptions,
  stream,
} from './fixtures.ts'

const roots = [cidOf(cborCodec, fromUtf8('a root'))]
const contents = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 })

test('a CAR gives back roots and blocks, however its bytes are cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.integer({ min: 1, max: 97 }), async (bodies, pieceBytes) => {
      const blocks = bodies.map((bytes) => ({ cid: cidOf(rawCodec, bytes), bytes }))
      const car = concatBytes(encodeCarHeader(roots), ...blocks.map(encodeCarBlock))
      const read = await readCar(stream(piecesOf(car, pieceBytes)))
      assert.deepEqual(read.roots.map(String), roots.map(String))
      const back = await collect(read.blocks)
      assert.deepEqual(
        back.map(({ bytes }) => bytes),
        bodies,
      )
    }),
    { numRuns: 60 },
  )
})

test('header and section have the bytes of the CARv1 specification', () => {
  const cid = cidOf(rawCodec, fromUtf8('abc'))
  const header = encodeCarHeader([cid])
  const start = fromHex('3aa265726f6f747381d82a582500')
  assert.deepEqual(header, concatBytes(start, cid.bytes, fromHex('6776657273696f6e01')))
  const long = { cid, bytes: new Uint8Array(264) }
  assert.deepEqual(encodeCarBlock(long), concatBytes(fromHex('ac02'), cid.bytes, long.bytes))
})

test('AQ-FOUT-4: a CAR that is cut, changed, too large or malformed is refused', async () => {
  const blocks = [fromUtf8('one'), fromUtf8('two')].map((bytes) => ({ cid: cidOf(rawCodec, bytes), bytes }))
  const header = encodeCarHeader(roots)
  const car = concatBytes(header, ...blocks.map(encodeCarBlock))
  const read = async (bytes: Uint8Array) => collect((await readCar(stream([bytes]))).blocks)
  assert.equal((await read(car)).length, 2)
  const ends = new Set([header.length, header.length + encodeCarBlock(blocks[0] as Block).length])
  for (let at = 0; at < car.length; at += 1) {
    if (!ends.has(at))
      await assert.rejects(read(car.subarray(0, at)), { code: 'damaged.car' }, `cut at ${at}`)
    if (at >= header.length) await assert.rejects(read(flipped(car, at)), { code: 'damaged.car' })
  }
  const sha256Cid = fromHex(`01551220${'00'.repeat(32)}`)
  const lengths = ['00', '8000', 'ffffffffffffffffff01', 'ffffffffffffff7f', '8080808080808080807f']
  const bad = [
    ...lengths.map((hex) => concatBytes(header, fromHex(hex))),
    concatBytes(car, new Uint8Array(1)),
    concatBytes(header, fromHex('24'), sha256Cid),
    withHeader({ roots, version: 2 }),
    withHeader({ roots, version: 1, more: 1 }),
    withHeader({ version: 1 }),
    withHeader({ roots: [1], version: 1 }),
    withHeader({ roots: Array(65).fill(roots[0]), version: 1 }),
    fromHex('ffff7f'),
  ]
  for (const [at, bytes] of bad.entries()) {
    await assert.rejects(read(bytes), { code: 'damaged.car' }, `case ${at}`)
  }
})

test('AQ-FOUT-4: with whoever is told of damage, every block that was not hit comes, and never one that was', async () => {
  const sizes = [0, 1, 90, 300, 127 - 36, 128 - 36, 20_000, 40, 5000]
  const random = createSeededRandom(21)
  const blocks = sizes.map((size) => {
    // Bytes in it that look like the beginning of a section.
    const bytes = concatBytes(random.bytes(size), fromHex('2c01551e20'))
    return { cid: cidOf(rawCodec, bytes), bytes }
  })
  const header = encodeCarHeader(roots)
  const sections = blocks.map(encodeCarBlock)
  const car = concatBytes(header, ...sections)
  const salvage = async (bytes: Uint8Array, pieceBytes: number) => {
    const damage: CarDamage[] = []
    const read = await readCar(stream(piecesOf(bytes, pieceBytes)), { onDamage: (one) => damage.push(one) })
    return { damage, cids: (await collect(read.blocks)).map(({ cid }) => cid.toString()) }
  }
  const without = (hit: number): string[] =>
    blocks.filter((_, at) => at !== hit).map(({ cid }) => cid.toString())
  let start = header.length
  for (const [hit, section] of sections.entries()) {
    // Its length, its CID, its bytes, its last byte.
    for (const offset of new Set([0, 1, 2, 3, 5, 20, section.length - 5, section.length - 1])) {
      for (const width of [1, 8]) {
        const bad = car.slice()
        const from = start + offset
        const to = Math.min(from + width, start + section.length)
        for (let at = from; at < to; at += 1) bad[at] = (bad[at] as number) ^ (0x41 + at)
        const { damage, cids } = await salvage(bad, 700)
        assert.deepEqual(cids, without(hit), `section ${hit}, byte ${offset}, ${width} wide`)
        assert.equal(damage.length, 1)
        assert.equal(damage[0]?.bytes, section.length)
      }
    }
    start += section.length
    const { damage, cids } = await salvage(car.subarray(0, start - 1), 64)
    assert.deepEqual(cids, without(-1).slice(0, hit))
    assert.equal(damage.length, 1, 'cut short')
  }
  assert.deepEqual(await salvage(car, 1), { damage: [], cids: without(-1) })
  const torn = concatBytes(header, random.bytes(2_000_000), ...sections.slice(7))
  assert.deepEqual((await salvage(torn, 65_536)).cids.slice(-2), without(-1).slice(7))
})

test('a block over the limit is refused before it is read', async () => {
  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield encodeCarHeader(roots)
    yield lengthOf(36 + blockBytesMax + 1)
    for (;;) {
      given += 1
      yield new Uint8Array(65_536)
    }
  }
  const { blocks } = await readCar(endless())
  await assert.rejects(collect(blocks), { code: 'damaged.car' })
  assert.equal(given, 0)
})

test('the source is closed when the reader is done, leaves early or refuses', async () => {
  const bytes = fromUtf8('abc')
  const section = encodeCarBlock({ cid: cidOf(rawCodec, bytes), bytes })
  for (const leave of ['at the end', 'early', 'by refusal', 'in the header']) {
    let isClosed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield leave === 'in the header' ? fromHex('00') : encodeCarHeader(roots)
        yield section
        yield leave === 'by refusal' ? flipped(section, 40) : section
      } finally {
        isClosed = true
      }
    }
    try {
      for await (const _ of (await readCar(source())).blocks) if (leave === 'early') break
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'damaged.car')
    }
    assert.ok(isClosed, leave)
  }
})

test('WX-QNT-7, AQ-FOUT-8: an exported object holds elsewhere: same owner, same terms, same keys, no others', async () => {
  const { file, contents: wanted, cid } = await exported()
  const elsewhere = createMemoryBlocks()
  const read = await readQntFile(stream(piecesOf(file, 1000)))
  assert.ok(read.cid.equals(cid))
  await elsewhere.put([read], 'meta')
  for await (const block of read.blocks) await elsewhere.put([block], 'data')
  const key = openSlot(read.envelope, { kek: () => kek }) as Uint8Array
  const inner = openEnvelope(read.envelope, key)
  assert.deepEqual(inner.terms, { rights: ['read'], usesMax: 2 })
  assert.equal(openSlot(read.envelope, { kem: otherReader }), undefined)
  assert.deepEqual(openSlot(read.envelope, { kem: reader }), key)
  const plain: Uint8Array[] = []
  for await (const { ref } of readChunks(elsewhere, inner.body)) {
    const block = await elsewhere.get(cidOfDigest(rawCodec, ref.digest))
    plain.push(openChunk(ref.key, block as Uint8Array) as Uint8Array)
  }
  assert.deepEqual(concatBytes(...plain), wanted)
})

test('WX-QNT-8: a .qnt file that is cut anywhere, changed or longer is refused', async () => {
  const { file } = await exported()
  const read = async (bytes: Uint8Array) => collect((await readQntFile(stream([bytes]))).blocks)
  const count = (await read(file)).length
  assert.ok(count >= 4)
  for (let at = 0; at < file.length; at += 7) {
    const cut = read(file.subarray(0, at))
    await assert.rejects(cut, { code: 'damaged.qnt' }, `cut at ${at}`)
    await assert.rejects(read(flipped(file, at)), { name: 'Fault' }, `changed at ${at}`)
  }
  for (const end of await sectionEnds(file)) {
    if (end < file.length) await assert.rejects(read(file.subarray(0, end)), { code: 'damaged.qnt' })
  }
  const more = encodeCarBlock({ cid: cidOf(rawCodec, fromUtf8('more')), bytes: fromUtf8('more') })
  for (const tail of [new Uint8Array(1), fromUtf8('garbage'), more]) {
    await assert.rejects(read(concatBytes(file, tail)), { code: 'damaged.qnt' })
  }
})

test('a .qnt file begins with its one root, and that is an envelope', async () => {
  const { file, cid } = await exported()
  const sections = file.subarray(encodeCarHeader([cid]).length)
  const other = cidOf(rawCodec, fromUtf8('other'))
  const noEnvelope = { cid: other, bytes: fromUtf8('other') }
  const notCbor = { cid: cidOf(cborCodec, fromUtf8('other')), bytes: fromUtf8('other') }
  const read = (bytes: Uint8Array) => readQntFile(stream([bytes]))
  for (const wrong of [[], [cid, cid], [other]]) {
    await assert.rejects(read(concatBytes(encodeCarHeader(wrong), sections)), { code: 'damaged.qnt' })
  }
  await assert.rejects(read(encodeCarHeader([cid])), { code: 'damaged.qnt' })
  const raw = concatBytes(encodeCarHeader([other]), encodeCarBlock(noEnvelope))
  await assert.rejects(read(raw), { code: 'damaged.qnt' })
  const malformed = concatBytes(encodeCarHeader([notCbor.cid]), encodeCarBlock(notCbor))
  await assert.rejects(read(malformed), { code: 'invalid.envelope' })
})

test('an object whose blocks are not all here is not exported', async () => {
  const blocks = createMemoryBlocks()
  const body = await putSmall(blocks, fromUtf8('soup'))
  const { bytes, cid } = sealEnvelope(await sealOptions(71, { body }))
  await assert.rejects(collect(writeQntFile(blocks, cid, [])), { code: 'missing.block' })
  await blocks.put([{ cid, bytes }], 'meta')
  const missing = cidOf(rawCodec, fromUtf8('missing'))
  await assert.rejects(collect(writeQntFile(blocks, cid, [missing])), { code: 'missing.block' })
  assert.equal((await collect(writeQntFile(blocks, cid, [body.cid, cid]))).length, 3)
  await blocks.delete([body.cid])
  await assert.rejects(collect(writeQntFile(blocks, cid, [])), { code: 'missing.block' })
})

/** An object of three chunks under a list, in a file with the block of a program. */
async function exported(): Promise<{ file: Uint8Array; contents: Uint8Array; cid: Cid }> {
  const blocks = createMemoryBlocks()
  const lists: Block[] = []
  const builder = createListBuilder({ chunkSecret, emit: (block) => lists.push(block) })
  const parts = [500, 20, 90].map((size) => createSeededRandom(size).bytes(size))
  for (const part of parts) {
    const { block, digest, key } = sealChunk(chunkSecret, part)
    await blocks.put([{ cid: cidOfDigest(rawCodec, digest), bytes: block }], 'data')
    builder.add({ digest, key, plainBytes: part.length, storedBytes: block.length })
  }
  const body = builder.finish()
  await blocks.put(lists, 'meta')
  const terms = { rights: ['read'], usesMax: 2 } as const
  const options = await sealOptions(70, { body, terms, readers: [reader.publicKey] })
  const { bytes, cid, contentKey } = sealEnvelope(options)
  await blocks.put([{ cid, bytes }], 'meta')
  const inner = openEnvelope(parseEnvelope(bytes), contentKey)
  const file = concatBytes(...(await collect(writeQntFile(blocks, cid, blocksOf(blocks, inner)))))
  return { file, contents: concatBytes(...parts), cid }
}

/** Where a cut leaves whole sections only. */
async function sectionEnds(file: Uint8Array): Promise<number[]> {
  const { roots: fileRoots, blocks } = await readCar(stream([file]))
  const ends = [encodeCarHeader(fileRoots).length]
  for await (const block of blocks) ends.push((ends.at(-1) as number) + encodeCarBlock(block).length)
  return ends
}

function* piecesOf(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

function withHeader(fields: Record<string, unknown>): Uint8Array {
  const header = encodeCbor(fields)
  return concatBytes(lengthOf(header.length), header)
}

function lengthOf(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Uint8Array.of(...bytes, Math.floor(value / 128 ** bytes.length))
}
