import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { type Cid, cborCodec, digestOf, encodeCbor, rawCodec } from '@anarq/ipld'
import { cidOf } from '@anarq/qlock'
import { type Block, createMemoryBlocks, readCar } from '@anarq/qnt'
import { blockOf, carOf, carTypeOf, formatOf, probeCar, scopeOf } from '../src/gateway.ts'

const raw = 'application/vnd.ipld.raw'
const car = 'application/vnd.ipld.car'

for (const [accept, query, expected] of [
  [raw, {}, 'raw'],
  [undefined, { format: 'raw' }, 'raw'],
  [car, { format: 'raw' }, 'raw'],
  ['text/html', { format: 'car' }, 'car n'],
  [car, {}, 'car n'],
  [`${car}; version=1; order=dfs; dups=y`, {}, 'car y'],
  [`${car};order=unk`, {}, 'car n'],
  [`${car};dups=y`, { 'car-dups': 'n' }, 'car n'],
  [`${car};dups=y`, { format: 'car' }, 'car y'],
  [`${car};order=foo, ${car};order=dfs;dups=y;q=0.5`, {}, 'car y'],
  [`text/html, ${raw};q=0.2`, {}, 'raw'],
  [`${raw};q=0.2, ${car}`, {}, 'car n'],
  ['*/*', {}, 'raw'],
  ['text/html', {}, 'invalid.accept'],
  [`${car};version=2`, {}, 'invalid.accept'],
  [car, { 'car-version': '2' }, 'invalid.accept'],
  [`${raw};q=0`, {}, 'invalid.accept'],
  [undefined, {}, 'invalid.request'],
  ['application/vnd.ipfs.ipns-record', {}, 'invalid.accept'],
] as const) {
  test(`Accept "${accept}" with ${JSON.stringify(query)} means: ${expected}`, () => {
    if (expected.startsWith('invalid')) assert.throws(() => formatOf(accept, query), { code: expected })
    else {
      const format = formatOf(accept, query)
      assert.equal(format.kind === 'car' ? `car ${format.dups}` : 'raw', expected)
    }
  })
}

test('the scope of an archive is everything, unless it is said', () => {
  assert.equal(scopeOf({}), 'all')
  assert.equal(scopeOf({ 'dag-scope': 'block' }), 'block')
  assert.equal(scopeOf({ 'dag-scope': 'all', 'entity-bytes': '0:*' }), 'entity')
  assert.equal(carTypeOf({ kind: 'car', dups: 'y' }), `${car}; version=1; order=dfs; dups=y`)
})

test('an archive holds the block and what it links to, depth first, each once or each time', async () => {
  const { blocks, root, leaf, middle } = await tree()
  assert.deepEqual(
    await namesIn(carOf(blocks, root, { scope: 'all', hasDups: false, touched: () => {} })),
    [root, middle, leaf].map(({ cid }) => cid.toString()),
  )
  assert.deepEqual(
    await namesIn(carOf(blocks, root, { scope: 'all', hasDups: true, touched: () => {} })),
    [root, middle, leaf, leaf, leaf].map(({ cid }) => cid.toString()),
  )
  for (const scope of ['block', 'entity'] as const) {
    assert.deepEqual(await namesIn(carOf(blocks, root, { scope, hasDups: false, touched: () => {} })), [
      root.cid.toString(),
    ])
  }
})

test('every block that is asked for is told, also one that is not here', async () => {
  const { blocks, root, middle, leaf } = await tree()
  const told: string[] = []
  const touched = (digest: Uint8Array): void => void told.push(Buffer.from(digest).toString('hex'))
  await blockOf(blocks, root.cid, { touched })
  await namesIn(carOf(blocks, root, { scope: 'all', hasDups: false, touched }))
  const missing = cidOf(rawCodec, fromUtf8('nowhere'))
  await assert.rejects(blockOf(blocks, missing, { touched }), { code: 'missing.block' })
  await assert.rejects(blockOf(blocks, missing, { touched, isOnlyIfCached: true }), {
    code: 'missing.cached',
  })
  assert.deepEqual(
    told,
    [root.cid, middle.cid, leaf.cid, missing, missing].map((cid) =>
      Buffer.from(digestOf(cid)).toString('hex'),
    ),
  )
})

test('an archive breaks off at a link that leads nowhere, and at one more than it may hold', async () => {
  const { blocks, root, leaf } = await tree()
  await blocks.delete([leaf.cid])
  await assert.rejects(namesIn(carOf(blocks, root, { scope: 'all', hasDups: false, touched: () => {} })), {
    code: 'missing.block',
  })

  const wide = createMemoryBlocks()
  const many = Array.from({ length: 10_001 }, (_, i) => block(rawCodec, fromUtf8(String(i))))
  const top = block(cborCodec, encodeCbor(many.map(({ cid }) => cid)))
  await wide.put([...many, top], 'meta')
  await assert.rejects(namesIn(carOf(wide, top, { scope: 'all', hasDups: false, touched: () => {} })), {
    code: 'limit.blocks',
  })
})

test('the probe is a CARv1 header that names the identity CID and holds nothing', () => {
  assert.equal(probeCar.length, 26)
  assert.equal(probeCar[0], 25)
  assert.match(Buffer.from(probeCar).toString('latin1'), /roots.*version\x01$/s)
})

async function tree() {
  const blocks = createMemoryBlocks()
  const leaf = block(rawCodec, fromUtf8('leaf'))
  const middle = block(cborCodec, encodeCbor({ a: leaf.cid, b: { c: [leaf.cid] } }))
  const root = block(cborCodec, encodeCbor({ a: middle.cid, b: leaf.cid }))
  await blocks.put([leaf, middle, root], 'meta')
  return { blocks, leaf, middle, root }
}

function block(codec: typeof rawCodec | typeof cborCodec, bytes: Uint8Array): Block {
  const cid: Cid = cidOf(codec, bytes)
  return { cid, bytes }
}

async function namesIn(pieces: AsyncIterable<Uint8Array>): Promise<string[]> {
  const { blocks } = await readCar(pieces)
  const names: string[] = []
  for await (const { cid } of blocks) names.push(cid.toString())
  return names
}
