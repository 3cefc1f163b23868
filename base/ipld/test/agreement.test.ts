import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cborCodec, cidOfDigest, decodeCbor, encodeCbor, rawCodec } from '@anarq/ipld'
import { decode, encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/** The reference: what it decodes, and encodes to the same bytes again, is canonical. */
type Verdict = { readonly value: unknown } | undefined

const edges = [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const long = 2n ** 64n - 1n
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const cid = fc.oneof(
  fc
    .tuple(fc.constantFrom<typeof rawCodec | typeof cborCodec>(rawCodec, cborCodec), digest)
    .map(([codec, d]) => cidOfDigest(codec, d)),
  fc
    .tuple(fc.nat(), fc.nat({ max: 20_000 }), fc.uint8Array({ maxLength: 200 }))
    .map(([codec, hash, d]) => CID.createV1(codec, createDigest(hash, d))),
  digest.map((d) => CID.createV0(createDigest(0x12, d))),
)
const text = fc
  .oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme', minLength: 10, maxLength: 80 }),
  )
  .filter((one) => !one.startsWith('\ufeff'))
const brokenText = fc
  .array(fc.integer({ min: 0xd7f0, max: 0xe00f }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))
const key = fc.oneof(
  text,
  fc.string({ maxLength: 2 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', '0', '10', 'a'.repeat(30)),
)
const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    -0,
    ...edges,
    ...edges.map((edge) => -edge),
    ...edges.map((edge) => -1 - edge),
  ),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -1n - long, max: long }),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  text,
  fc.uint8Array({ maxLength: 70 }),
  cid,
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 12 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 12 }).map(mapOf),
  ),
}))
/** Heads that say much, so that random bytes get further than their first one. */
const byte = fc.oneof(
  fc.constantFrom(
    ...[
      0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x38, 0x3b, 0x40, 0x41, 0x58, 0x5f, 0x60, 0x61, 0x62,
      0x78, 0x7f,
    ],
    ...[
      0x80, 0x81, 0x82, 0x98, 0x9f, 0xa0, 0xa1, 0xa2, 0xb8, 0xbf, 0xc0, 0xc2, 0xc3, 0xd8, 0x2a, 0xe2, 0xed,
      0xef, 0xf4,
    ],
    ...[0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xff],
  ),
  fc.nat({ max: 255 }),
)
const bytes = fc.array(byte, { maxLength: 40 }).map((all) => Uint8Array.from(all))
const change = fc.record({ at: fc.nat(), gone: fc.nat({ max: 3 }), put: fc.array(byte, { maxLength: 3 }) })

test('any value has the bytes that the reference gives it, and they say the same to both', () => {
  fc.assert(
    fc.property(value, (one) => {
      const written = encodeCbor(one)
      assert.equal(toHex(written), toHex(encode(one)))
      assert.deepEqual(decodeCbor(written), decode(written))
      assert.deepEqual(encodeCbor(decodeCbor(written)), written)
    }),
    { numRuns: 700 },
  )
})

test('broken text has the bytes that the reference gives it', () => {
  fc.assert(
    fc.property(brokenText, (one) => {
      assert.deepEqual(toHex(encodeCbor([one])), toHex(encode([one])))
    }),
  )
})

test('bytes of any kind are accepted or refused as by the reference', () => {
  fc.assert(fc.property(bytes, agree), { numRuns: 6000 })
})

test('canonical bytes that were changed in a few places are accepted or refused as by the reference', () => {
  fc.assert(
    fc.property(value, fc.array(change, { minLength: 1, maxLength: 3 }), (one, changes) => {
      agree(changes.reduce(changed, encodeCbor(one)))
    }),
    { numRuns: 1500 },
  )
})

test('links of any bytes are accepted or refused as by the reference', () => {
  const number = fc.oneof(
    fc.nat({ max: 300 }),
    fc.maxSafeInteger().map(Math.abs),
    fc.constantFrom(0, 1, 2, 18, 0x1e, 0x55),
  )
  const varint = fc
    .tuple(number, fc.constantFrom(0, 0, 0, 0, 1))
    .map(([count, excess]) => varintOf(count, excess))
  const prefix = fc.oneof(
    fc.constantFrom([1], [18], [0], [1, 0x55]).map((all) => Uint8Array.from(all)),
    varint,
  )
  const content = fc.uint8Array({ maxLength: 40 })
  const wrong = fc.constantFrom(0, 0, 0, 1, -1)
  fc.assert(
    fc.property(prefix, varint, varint, content, wrong, (version, codec, hash, body, by) => {
      const length = varintOf(Math.max(0, body.length + by), 0)
      for (const middle of [[codec, hash], [hash], []]) {
        const link = concatBytes(Uint8Array.of(0), version, ...middle, length, body)
        agree(concatBytes(Uint8Array.of(0xd8, 0x2a), encodeCbor(link)))
      }
    }),
    { numRuns: 700 },
  )
})

/** The reference drops a byte order mark from the start of a text: those bytes are none of its business. */
function agree(one: Uint8Array): void {
  if (toHex(one).includes('efbbbf')) return
  const ours = verdictOf(() => decodeCbor(one), isRefusal)
  const theirs = verdictOf(() => {
    const decoded: unknown = decode(one)
    if (!equalBytes(encode(decoded), one)) throw new Error('other bytes')
    return decoded
  })
  assert.deepEqual(ours, theirs, toHex(one))
}

function verdictOf(attempt: () => unknown, isExpected: (error: unknown) => boolean = () => true): Verdict {
  try {
    return { value: attempt() }
  } catch (error) {
    assert.ok(isExpected(error), String(error))
    return undefined
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.code === 'invalid.cbor'
}

function changed(
  from: Uint8Array,
  { at, gone, put }: { at: number; gone: number; put: number[] },
): Uint8Array {
  const start = at % (from.length + 1)
  return concatBytes(from.subarray(0, start), Uint8Array.from(put), from.subarray(start + gone))
}

/** Own keys only, "__proto__" among them. */
function mapOf(entries: readonly (readonly [string, unknown])[]): unknown {
  return Object.fromEntries(entries)
}

/** Unsigned LEB128, with so many bytes more than it needs. */
function varintOf(count: number, excess: number): Uint8Array {
  const out: number[] = []
  let rest = count
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out.push((rest % 128) | 0x80)
  out.push(rest)
  for (let i = 0; i < excess; i += 1) {
    out[out.length - 1] = (out[out.length - 1] as number) | 0x80
    out.push(0)
  }
  return Uint8Array.from(out)
}
