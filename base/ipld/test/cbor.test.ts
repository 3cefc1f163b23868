import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { cborCodec, cidOfDigest, decodeCbor, encodeCbor, rawCodec } from '@anarq/ipld'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'

const digest = new Uint8Array(32).map((_, i) => i)
const ownCid = cidOfDigest(cborCodec, digest)
const sha256Cid = CID.parse('bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae')
const oldCid = CID.parse('QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n')
const list25 = Array.from({ length: 25 }, (_, i) => i + 1)

test('values and bytes are those of RFC 8949 appendix A, as far as DAG-CBOR has them', () => {
  const examples: readonly [value: unknown, hex: string][] = [
    [0, '00'],
    [1, '01'],
    [10, '0a'],
    [23, '17'],
    [24, '1818'],
    [25, '1819'],
    [100, '1864'],
    [1000, '1903e8'],
    [1_000_000, '1a000f4240'],
    [1_000_000_000_000, '1b000000e8d4a51000'],
    [18_446_744_073_709_551_615n, '1bffffffffffffffff'],
    [-18_446_744_073_709_551_616n, '3bffffffffffffffff'],
    [-1, '20'],
    [-10, '29'],
    [-100, '3863'],
    [-1000, '3903e7'],
    [1.1, 'fb3ff199999999999a'],
    [1.5, 'fb3ff8000000000000'],
    [1e300, 'fb7e37e43c8800759c'],
    [2 ** -24, 'fb3e70000000000000'],
    [-4.1, 'fbc010666666666666'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    [fromHex(''), '40'],
    [fromHex('01020304'), '4401020304'],
    ['', '60'],
    ['a', '6161'],
    ['IETF', '6449455446'],
    ['"\\', '62225c'],
    ['ü', '62c3bc'],
    ['水', '63e6b0b4'],
    ['𐅑', '64f0908591'],
    [[], '80'],
    [[1, 2, 3], '83010203'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [list25, '98190102030405060708090a0b0c0d0e0f101112131415161718181819'],
    [{}, 'a0'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    [['a', { b: 'c' }], '826161a161626163'],
    [{ a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }, 'a56161614161626142616361436164614461656145'],
  ]
  for (const [value, hex] of examples) {
    assert.equal(toHex(encodeCbor(value)), hex)
    assert.deepEqual(decodeCbor(fromHex(hex)), value, hex)
  }
})

test('a number is an integer while it is safe, then a float; integers beyond are bigints', () => {
  const examples: readonly [value: unknown, hex: string][] = [
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [Number.MIN_SAFE_INTEGER, '3b001ffffffffffffe'],
    [2n ** 53n, '1b0020000000000000'],
    [-(2n ** 53n), '3b001fffffffffffff'],
    [2 ** 53, 'fb4340000000000000'],
    [-(2 ** 53), 'fbc340000000000000'],
    [2 ** 32, '1b0000000100000000'],
    [2 ** 32 - 1, '1affffffff'],
    [-(2 ** 32), '3affffffff'],
    [2 ** 16, '1a00010000'],
    [2 ** 16 - 1, '19ffff'],
    [256, '190100'],
    [255, '18ff'],
    [Number.MIN_VALUE, 'fb0000000000000001'],
  ]
  for (const [value, hex] of examples) {
    assert.equal(toHex(encodeCbor(value)), hex)
    assert.deepEqual(decodeCbor(fromHex(hex)), value, hex)
  }
  assert.equal(toHex(encodeCbor(-0)), '00')
  assert.equal(toHex(encodeCbor(5n)), '05')
})

test('a CID of any kind is tag 42, and comes back', () => {
  for (const cid of [ownCid, cidOfDigest(rawCodec, digest), sha256Cid, oldCid]) {
    const length = (1 + cid.bytes.length).toString(16)
    const bytes = encodeCbor({ link: cid })
    assert.equal(toHex(bytes), `a1646c696e6bd82a58${length}00${toHex(cid.bytes)}`)
    const { link } = decodeCbor(bytes) as { link: CID }
    assert.ok(link instanceof CID && link.equals(cid))
    assert.deepEqual(link.bytes, cid.bytes)
    assert.deepEqual(encodeCbor(structuredClone({ link: cid })), bytes, 'a clone of a CID is one')
  }
})

test('keys are written shorter ones first, then by their bytes in UTF-8, however the object lists them', () => {
  const examples: readonly [keys: string[], sorted: string[]][] = [
    [
      ['bb', 'a', '', 'aa', 'b'],
      ['', 'a', 'b', 'aa', 'bb'],
    ],
    [
      ['é', 'zz', 'z', 'aaa'],
      ['z', 'zz', 'é', 'aaa'],
    ],
    [
      ['\u{10000}', '\uffff!', '水', 'abc'],
      ['abc', '水', '\uffff!', '\u{10000}'],
    ],
    [
      ['10', '9', 'x'],
      ['9', 'x', '10'],
    ],
  ]
  for (const [keys, sorted] of examples) {
    for (const order of [keys, [...keys].reverse()]) {
      const bytes = encodeCbor(Object.fromEntries(order.map((key) => [key, 0])))
      const written = sorted.map((key) => `${toHex(encodeCbor(key))}00`).join('')
      assert.equal(toHex(bytes), `a${keys.length}${written}`)
      assert.deepEqual(decodeCbor(bytes), Object.fromEntries(keys.map((key) => [key, 0])))
    }
  }
})

test('bytes in any but the one canonical form are refused', () => {
  const refused: readonly [why: string, hex: string][] = [
    ['nothing at all', ''],
    ['something behind', '0000'],
    ['a small integer in two bytes', '1817'],
    ['an integer in three bytes that fits two', '1900ff'],
    ['an integer in five bytes that fits three', '1a0000ffff'],
    ['an integer in nine bytes that fits five', '1b00000000ffffffff'],
    ['a negative integer in two bytes', '3800'],
    ['a negative integer in nine bytes that fits five', '3b00000000ffffffff'],
    ['a length of bytes in two bytes', '580100'],
    ['a length of text in three bytes', '79000161'],
    ['a length of an array in two bytes', '980100'],
    ['a length of a map in two bytes', 'b801616100'],
    ['a tag in three bytes', `d9002a5825${'00'.repeat(37)}`],
    ['an additional information without meaning', '1c'],
    ['an integer of indefinite length', '1f'],
    ['bytes of indefinite length', '5f4100ff'],
    ['text of indefinite length', '7f6161ff'],
    ['an array of indefinite length', '9f00ff'],
    ['a map of indefinite length', 'bf616100ff'],
    ['a break', 'ff'],
    ['a break in an array', '81ff'],
    ['a float of 16 bits', 'f93e00'],
    ['a float of 32 bits', 'fa3fc00000'],
    ['zero as a float', 'fb0000000000000000'],
    ['minus zero', 'fb8000000000000000'],
    ['an integer as a float', 'fb3ff0000000000000'],
    ['the greatest safe integer as a float', 'fb433fffffffffffff'],
    ['NaN of 16 bits', 'f97e00'],
    ['NaN', 'fb7ff8000000000000'],
    ['NaN with a payload', 'fb7ff8000000000001'],
    ['infinity', 'fb7ff0000000000000'],
    ['minus infinity', 'fbfff0000000000000'],
    ['undefined', 'f7'],
    ['undefined in a map', 'a16161f7'],
    ['a simple value', 'e0'],
    ['a simple value of two bytes', 'f820'],
    ['true as a simple value of two bytes', 'f815'],
    ['keys out of order', 'a2616201616101'],
    ['a longer key first', 'a2626161006162'.concat('00')],
    ['a key that is there twice', 'a2616101616102'],
    ['"__proto__" twice', `a2${'695f5f70726f746f5f5f'}00${'695f5f70726f746f5f5f'}00`],
    ['a number as a key', 'a10000'],
    ['bytes as a key', 'a1416100'],
    ['an array as a key', 'a18000'],
    ['a link as a key', `a1d82a582500${toHex(ownCid.bytes)}00`],
    ['a key that is cut short', 'a1616'.concat('1')],
    ['a key without its value', 'a26161006162'],
    ['a tag other than 42', 'c000'],
    ['a tag of 2, a large integer', 'c24101'],
    ['the tag that says CBOR', 'd9d9f700'],
    ['tag 42 over nothing', 'd82a'],
    ['tag 42 over an integer', 'd82a00'],
    ['tag 42 over text', 'd82a6100'],
    ['tag 42 over a list', 'd82a8100'],
    ['tag 42 over tag 42', `d82ad82a582500${toHex(ownCid.bytes)}`],
    ['a CID of no bytes', 'd82a40'],
    ['a CID of a zero alone', 'd82a4100'],
    ['a CID without the zero', `d82a5824${toHex(ownCid.bytes)}`],
    ['a CID behind another byte than zero', `d82a582501${toHex(ownCid.bytes)}`],
    ['a CID that is cut short', `d82a582400${toHex(ownCid.bytes.subarray(0, -1))}`],
    ['a CID with a byte too many', `d82a582600${toHex(ownCid.bytes)}00`],
    ['a CID of version 2', `d82a58250002${toHex(ownCid.bytes.subarray(1))}`],
    ['a CID of version 0 that says so', `d82a5824000070${toHex(oldCid.bytes)}`],
    ['a CID with a long spelling of its codec', `d82a58260001f100${toHex(ownCid.bytes.subarray(2))}`],
    ['text that is no UTF-8', '61ff'],
    ['text with an overlong form', '62c080'],
    ['text with a surrogate', '63eda080'],
    ['text with both surrogates apart', '66eda080edb080'],
    ['text beyond Unicode', '64f4908080'],
    ['text that ends in the middle of a character', '61c3'],
    ['a long text that is no UTF-8', `7840${'61'.repeat(63)}ff`],
    ['a key that is no UTF-8', 'a161ff00'],
    ['an integer that is cut short', '1b00000001'],
    ['a head that is cut short', '18'],
    ['bytes that are cut short', '430102'],
    ['text that is cut short', '636162'],
    ['an array that is cut short', '830102'],
    ['a float that is cut short', 'fb3ff199'],
    ['a text longer than memory', '7bffffffffffffffff'],
    ['bytes longer than memory', '5b7fffffffffffffff'],
    ['an array longer than memory', '9bffffffffffffffff00'],
    ['a map longer than memory', 'bb7fffffffffffffff'],
    ['an array that claims four thousand million entries', '9affffffff00'],
    ['such arrays in each other', '9affffffff'.repeat(100)],
    ['a map that claims more entries than there are bytes', 'a36161006162'],
  ]
  for (const [why, hex] of refused) {
    assert.throws(() => decodeCbor(fromHex(hex)), isRefusal, `${why}: ${hex}`)
  }
})

test('a refusal names what was malformed, and says whether another spelling was right', () => {
  const cutShort = 'A letter is malformed: it is not DAG-CBOR, or it is cut short.'
  const otherForm = "A letter is malformed: it is not in DAG-CBOR's one canonical form."
  const examples: readonly [hex: string, message: string][] = [
    ['62', cutShort],
    ['61ff', cutShort],
    ['f7', cutShort],
    ['1800', otherForm],
    ['a2616201616101', otherForm],
    ['9f00ff', otherForm],
    ['fb3ff0000000000000', otherForm],
    [`${'81'.repeat(129)}00`, 'A letter is malformed: it nests more than 128 deep.'],
  ]
  for (const [hex, message] of examples) {
    assert.throws(() => decodeCbor(fromHex(hex), 'A letter'), { code: 'invalid.cbor', message })
  }
  assert.throws(() => decodeCbor(fromHex('')), /^Fault: This data is malformed/)
  for (const wrong of [undefined, null, 'text', [0], new ArrayBuffer(1), { length: 1, 0: 0 }]) {
    assert.throws(() => decodeCbor(wrong as unknown as Uint8Array), isRefusal)
  }
})

test('what CBOR has no word for is a defect of the caller', () => {
  class Thing {
    a = 1
  }
  const cycle: unknown[] = []
  cycle.push([cycle])
  const loop: Record<string, unknown> = {}
  loop.again = { loop }
  const refused: readonly [why: string, value: unknown][] = [
    ['undefined', undefined],
    ['a hole in an array', new Array(2)],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus infinity', Number.NEGATIVE_INFINITY],
    ['an integer of 65 bits', 2n ** 64n],
    ['a negative integer of 65 bits', -(2n ** 64n) - 1n],
    ['a date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['an instance of a class', new Thing()],
    ['an error', new Error('a')],
    ['a boxed text', Object('a')],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['words of 16 bits', new Uint16Array(1)],
    ['clamped bytes', new Uint8ClampedArray(1)],
    ['signed bytes', new Int8Array(1)],
    ['a key with a lone surrogate', { 'a\ud800': 1 }],
    ['keys that would become one', { '\ud800': 1, '\ud801': 2 }],
    ['an array in itself', cycle],
    ['a map in itself', loop],
    ['a CID that is none', Object.create({}, { asCID: { get: self }, bytes: { value: new Uint8Array(3) } })],
    ['a CID without bytes', Object.create({}, { asCID: { get: self } })],
    ['a clone of a CID that is none', cloneOf(new Uint8Array(3))],
  ]
  for (const [why, value] of refused) {
    for (const nested of [value, [1, value], { a: 'text', b: { c: value } }]) {
      assert.throws(() => encodeCbor(nested), TypeError, why)
    }
    assert.deepEqual(encodeCbor({ a: [1] }), fromHex('a161618101'), 'nothing is left of the attempt')
  }
})

test('arrays and maps nest 128 deep and no deeper, on the way in and out', () => {
  const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown =>
    depth === 1 ? wrap(0) : wrap(nested(depth - 1, wrap))
  for (const [wrap, open] of [
    [(inner: unknown) => [inner], '81'],
    [(inner: unknown) => ({ a: inner }), 'a16161'],
  ] as const) {
    const deepest = nested(128, wrap)
    assert.deepEqual(decodeCbor(encodeCbor(deepest)), deepest)
    assert.throws(() => encodeCbor(nested(129, wrap)), TypeError)
    assert.throws(() => decodeCbor(fromHex(`${open.repeat(129)}00`)), isRefusal)
    assert.throws(() => decodeCbor(fromHex(open.repeat(100_000))), isRefusal)
  }
})

test('a key "__proto__" is a key like others and changes no prototype', () => {
  const bytes = fromHex('a2695f5f70726f746f5f5fa16161016b636f6e7374727563746f7202')
  const map = decodeCbor(bytes) as Record<string, unknown>
  assert.equal(Object.getPrototypeOf(map), Object.prototype)
  assert.deepEqual(Object.keys(map), ['__proto__', 'constructor'])
  assert.equal(map.a, undefined)
  assert.equal(({} as Record<string, unknown>).a, undefined)
  assert.deepEqual(encodeCbor(map), bytes)
  assert.deepEqual(encodeCbor(JSON.parse('{"constructor": 2, "__proto__": {"a": 1}}')), bytes)
})

test('the bytes that come out are a plain array of their own, and nothing later changes them', () => {
  const value = { key: new Uint8Array(100).fill(7), text: 'x'.repeat(100) }
  const first = encodeCbor(value)
  const copy = new Uint8Array(first)
  for (const bytes of [first, encodeCbor(0), encodeCbor('a')]) {
    assert.equal(bytes.constructor, Uint8Array)
    assert.equal(bytes.byteOffset, 0)
    assert.equal(bytes.buffer.byteLength, bytes.length)
  }
  encodeCbor({ key: new Uint8Array(1000).fill(9) })
  assert.deepEqual(first, copy)

  const { key } = decodeCbor(first) as typeof value
  const { key: fromBuffer } = decodeCbor(Buffer.from(first)) as typeof value
  first.fill(0)
  for (const bytes of [key, fromBuffer]) {
    assert.equal(bytes.constructor, Uint8Array)
    assert.deepEqual(bytes, value.key)
  }
  const shifted = new Uint8Array([0xff, ...copy, 0xff]).subarray(1, -1)
  assert.deepEqual(decodeCbor(shifted), value)
})

test('a getter may encode, or fail, while its object is being encoded', () => {
  const inner = { text: 'x'.repeat(10_000) }
  const outer = {
    a: 1,
    get b() {
      return encodeCbor({ inner, bytes: encodeCbor([inner]) })
    },
    c: 'end',
  }
  assert.deepEqual(encodeCbor(outer), encodeCbor({ a: 1, b: outer.b, c: 'end' }))
  const failing = {
    a: 'text',
    get b(): never {
      throw new RangeError('no')
    },
  }
  const patient = {
    get a() {
      assert.throws(() => encodeCbor(failing), RangeError)
      return 2
    },
  }
  assert.throws(() => encodeCbor(failing), RangeError)
  assert.deepEqual(encodeCbor([1, patient]), encodeCbor([1, { a: 2 }]))
})

test('texts and bytes of every length survive, whatever their characters take', () => {
  const lengths = [
    0, 1, 3, 4, 7, 8, 9, 11, 12, 13, 23, 24, 25, 47, 48, 49, 85, 127, 128, 255, 256, 4096, 4097, 65_535,
    65_536,
  ]
  for (const length of [...lengths, 1_100_000]) {
    for (const character of ['a', 'ñ', '水', '𐅑']) {
      const value = [character.repeat(length), `${'a'.repeat(length)}${character}`, new Uint8Array(length)]
      const bytes = encodeCbor(value)
      assert.deepEqual(decodeCbor(bytes), value)
      if (length <= 100)
        assert.deepEqual(decodeCbor(encodeCbor({ [value[0] as string]: 1 })), { [value[0] as string]: 1 })
    }
  }
  assert.deepEqual(decodeCbor(encodeCbor('\ufeffa')), '\ufeffa', 'a byte order mark is text')
})

test('a lone surrogate in a text becomes U+FFFD, as in every encoder of UTF-8', () => {
  for (const text of ['\ud800', 'a\udc00', `${'a'.repeat(100)}\ud800`]) {
    assert.deepEqual(encodeCbor(text), encodeCbor(text.toWellFormed()))
    assert.equal(decodeCbor(encodeCbor(text)), text.toWellFormed())
  }
})

test('maps without a prototype, with thousands of keys and with keys of like shape come back as they were', () => {
  assert.deepEqual(encodeCbor(Object.assign(Object.create(null), { b: 1, a: 2 })), encodeCbor({ a: 2, b: 1 }))
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key ${(i * 7919) % 5000}`, i]))
  assert.deepEqual(decodeCbor(encodeCbor(many)), many)
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 })), (keys) => {
      const map = Object.fromEntries(keys.map((key, i) => [key, i]))
      const reversed = Object.fromEntries([...keys.entries()].reverse().map(([i, key]) => [key, i]))
      const bytes = encodeCbor(map)
      assert.deepEqual(encodeCbor(reversed), bytes)
      assert.deepEqual(decodeCbor(bytes), map)
    }),
    { numRuns: 500 },
  )
})

function self(this: unknown): unknown {
  return this
}

function cloneOf(bytes: Uint8Array): unknown {
  return { '/': bytes, bytes, code: 1, version: 1 }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.code === 'invalid.cbor'
}
