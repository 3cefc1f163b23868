import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { encodeCbor, rawCodec } from '@anarq/ipld'
import { cidOf } from '@anarq/qlock'
import {
  asObjectId,
  disclose,
  encodeCarBlock,
  encodeCarHeader,
  encodeDisclosures,
  hashTerms,
  makePing,
  openEnvelope,
  openSlot,
  parseDisclosures,
  parseEnvelope,
  parsePing,
  readCar,
  readQntFile,
  sealEnvelope,
} from '@anarq/qnt'
import fc from 'fast-check'
import { encodeInner, parseInner } from '../src/inner.ts'
import { encodeList, parseList } from '../src/list.ts'
import { metadataFields } from '../src/metadata.ts'
import { alice, bob, collect, kek, metadata, publicOptions, reader, sealOptions, stream } from './fixtures.ts'

type Door = { name: string; valid: Uint8Array; open: (bytes: Uint8Array) => unknown }

const secret = sealEnvelope(
  await sealOptions(80, { readers: [reader.publicKey], terms: { rights: ['read'] } }),
)
const open = sealEnvelope(await publicOptions(81))
const inner = openEnvelope(parseEnvelope(secret.bytes), secret.contentKey)
const entries = [3, 4, 5].map((size) => ({
  digest: new Uint8Array(32).fill(size),
  key: new Uint8Array(32),
  plainBytes: size,
  storedBytes: size + 50,
  chunks: size,
}))
const ping = makePing(
  {
    id: asObjectId(new Uint8Array(16)),
    version: secret.cid,
    owner: alice,
    audience: bob,
    where: ['https://anarq.example'],
    grant: secret.cid,
    termsHash: hashTerms(undefined),
    issuedMs: 1,
  },
  () => new Uint8Array(64),
)
const body = fromUtf8('some bytes')
const car = concatBytes(
  encodeCarHeader([secret.cid]),
  encodeCarBlock({ cid: secret.cid, bytes: secret.bytes }),
  encodeCarBlock({ cid: cidOf(rawCodec, body), bytes: body }),
)

const doors: Door[] = [
  { name: 'an envelope', valid: secret.bytes, open: openWhole },
  { name: 'a public envelope', valid: open.bytes, open: openWhole },
  { name: 'a sealed part', valid: encodeInner(inner, metadataFields(metadata)), open: parseInner },
  { name: 'a list of chunks', valid: encodeList(1, entries), open: parseList },
  { name: 'a list of lists', valid: encodeList(2, entries), open: parseList },
  { name: 'a ping', valid: ping, open: parsePing },
  {
    name: 'a disclosure',
    valid: encodeDisclosures(disclose(inner, ['name', 'owner'])),
    open: parseDisclosures,
  },
  { name: 'a CAR', valid: car, open: async (bytes) => collect((await readCar(stream([bytes]))).blocks) },
  {
    name: 'a .qnt file',
    valid: car,
    open: async (bytes) => collect((await readQntFile(stream([bytes]))).blocks),
  },
]

const bytesAny = fc.uint8Array({ maxLength: 200 })
const values = fc.anything({ withNullPrototype: false, maxDepth: 3 })

for (const { name, valid, open: enter } of doors) {
  test(`random bytes at the door of ${name} give faults and nothing else`, async () => {
    await fc.assert(
      fc.asyncProperty(bytesAny, (bytes) => faultsOnly(enter, bytes)),
      { numRuns: 150 },
    )
  })

  test(`mutated bytes of ${name} give faults and nothing else`, async () => {
    await fc.assert(
      fc.asyncProperty(mutations(valid), (bytes) => faultsOnly(enter, bytes)),
      { numRuns: 250 },
    )
  })
}

test('canonical maps of the right keys and any values give faults and nothing else', async () => {
  const keys = fc.constantFrom(
    ...wordsOf('head slots sealed signature qnt suite id class owner body root bytes'),
  )
  const listKeys = fc.constantFrom(
    ...wordsOf('list depth plain stored chunks digests keys lengths sizes counts'),
  )
  const shapes = fc.oneof(fc.dictionary(keys, values), fc.dictionary(listKeys, values))
  await fc.assert(
    fc.asyncProperty(shapes, async (shape) => {
      const bytes = encodable(shape)
      if (bytes === undefined) return
      for (const { open: enter } of doors) await faultsOnly(enter, bytes)
    }),
    { numRuns: 150 },
  )
})

test('maps nested ten thousand deep are refused', async () => {
  const deep = new Uint8Array(10_000).fill(0x81)
  for (const { open: enter } of doors) await faultsOnly(enter, deep)
  await faultsOnly(parsePing, concatBytes(fromUtf8('QPING1\n'), deep.subarray(0, 1000)))
})

function openWhole(bytes: Uint8Array): void {
  const envelope = parseEnvelope(bytes)
  for (const opener of [{ kek: () => kek }, { kem: reader }]) {
    const key = openSlot(envelope, opener)
    if (key !== undefined) openEnvelope(envelope, key)
  }
}

async function faultsOnly(enter: (bytes: Uint8Array) => unknown, bytes: Uint8Array): Promise<void> {
  try {
    await enter(bytes)
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    assert.notEqual(error.code.split('.')[0], 'internal')
  }
}

/** Valid bytes with some places overwritten, cut out, repeated or filled. */
function mutations(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat(valid.length - 1)
  const edit = fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      at: place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('insert' as const),
      at: place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 40 }) }),
  )
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
    let bytes = valid
    for (const one of edits) {
      const before = bytes.subarray(0, one.at)
      const after = bytes.subarray(one.at)
      if (one.kind === 'cut') bytes = concatBytes(before, after.subarray(one.length))
      else if (one.kind === 'insert') bytes = concatBytes(before, one.bytes, after)
      else bytes = concatBytes(before, one.bytes, after.subarray(one.bytes.length))
    }
    return bytes
  })
}

function wordsOf(text: string): string[] {
  return text.split(' ')
}

function encodable(value: unknown): Uint8Array | undefined {
  try {
    return encodeCbor(value)
  } catch {
    return undefined
  }
}
