import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@anarq/bytes'
import {
  createEntropy,
  createSigner,
  deriveLeaf,
  entropyOf,
  type KeyClass,
  primitives,
  seedOf,
  wordsOf,
} from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import fc from 'fast-check'
import { derivePath } from '../src/words.ts'
import { readVectors, skipWithout } from './vectors.ts'

const entropies = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('BIP-39: all 24-word vectors: entropy, words and seed', {
  skip: skipWithout('bip39/english.json'),
}, () => {
  const { english } = readVectors<{ english: [string, string, string, string][] }>('bip39/english.json')
  const ours = english.filter(([entropy]) => entropy.length === 64)
  assert.equal(ours.length, 8)
  for (const [entropy, words, seed] of ours) {
    assert.equal(wordsOf(fromHex(entropy)), words)
    assert.deepEqual(entropyOf(words), { ok: true, value: fromHex(entropy) })
    assert.equal(toHex(seedOf(fromHex(entropy), 'TREZOR')), seed)
  }
})

test('words come back to their entropy, in any case and with any spaces', () => {
  fc.assert(
    fc.property(entropies, (entropy) => {
      const words = wordsOf(entropy)
      assert.equal(words.split(' ').length, 24)
      for (const typed of [words, words.toUpperCase(), `\n ${words.replaceAll(' ', ' \t ')}　`]) {
        assert.deepEqual(entropyOf(typed), { ok: true, value: entropy })
      }
    }),
    { numRuns: 50 },
  )
})

test('a wrong number of words, an unknown word and a failing check are told apart, without repeating any word', () => {
  const words = wordsOf(new Uint8Array(32).fill(3)).split(' ')
  const refusals: [string, RegExp][] = [
    ['', /0 words/],
    [words.slice(1).join(' '), /23 words/],
    [[...words, 'zoo'].join(' '), /25 words/],
    [words.with(4, 'recieve').join(' '), /Word 5 /],
    [
      words
        .with(0, words[1] ?? '')
        .with(1, words[0] ?? '')
        .with(5, 'zoo')
        .join(' '),
      /belong together/,
    ],
  ]
  for (const [typed, sentence] of refusals) {
    const outcome = entropyOf(typed)
    assert.ok(!outcome.ok)
    assert.equal(outcome.fault.code, 'invalid.words')
    assert.match(outcome.fault.message, sentence)
    assert.doesNotMatch(outcome.fault.message, /recieve|zoo/)
  }
  assert.throws(() => wordsOf(new Uint8Array(16)), { code: 'invalid.key' })
})

test('one wrong word is caught by the check in all but about one of 256 cases', () => {
  const words = wordsOf(new Uint8Array(32)).split(' ')
  let accepted = 0
  const others = wordsOf(primitives.sha256(new Uint8Array(1))).split(' ')
  for (let place = 0; place < 24; place += 1) {
    for (const other of others) if (entropyOf(words.with(place, other).join(' ')).ok) accepted += 1
  }
  assert.ok(accepted < 15, `${accepted} of ${24 * 24}`)
})

test('a passphrase makes another seed, and its accents may be typed either way', () => {
  const entropy = createEntropy(random)
  assert.equal(entropy.length, 32)
  assert.notDeepEqual(seedOf(entropy, 'x'), seedOf(entropy))
  assert.deepEqual(seedOf(entropy, 'caf\u00e9'), seedOf(entropy, 'cafe\u0301'))
})

/** https://github.com/satoshilabs/slips/blob/master/slip-0010.md, test vectors 1 and 2 for ed25519. */
const slip0010: [seed: string, [path: number[], chain: string, key: string, publicKey: string][]][] = [
  [
    '000102030405060708090a0b0c0d0e0f',
    [
      [
        [],
        '90046a93de5380a72b5e45010748567d5ea02bbf6522f979e05c0d8d8ca9fffb',
        '2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7',
        'a4b2856bfec510abab89753fac1ac0e1112364e7d250545963f135f2a33188ed',
      ],
      [
        [0],
        '8b59aa11380b624e81507a27fedda59fea6d0b779a778918a2fd3590e16e9c69',
        '68e0fe46dfb67e368c75379acec591dad19df3cde26e63b93a8e704f1dade7a3',
        '8c8a13df77a28f3445213a0f432fde644acaa215fc72dcdf300d5efaa85d350c',
      ],
      [
        [0, 1],
        'a320425f77d1b5c2505a6b1b27382b37368ee640e3557c315416801243552f14',
        'b1d0bad404bf35da785a64ca1ac54b2617211d2777696fbffaf208f746ae84f2',
        '1932a5270f335bed617d5b935c80aedb1a35bd9fc1e31acafd5372c30f5c1187',
      ],
      [
        [0, 1, 2, 2],
        '8f6d87f93d750e0efccda017d662a1b31a266e4a6f5993b15f5c1f07f74dd5cc',
        '30d1dc7e5fc04c31219ab25a27ae00b50f6fd66622f6e9c913253d6511d1e662',
        '8abae2d66361c879b900d204ad2cc4984fa2aa344dd7ddc46007329ac76c429c',
      ],
      [
        [0, 1, 2, 2, 1_000_000_000],
        '68789923a0cac2cd5a29172a475fe9e0fb14cd6adb5ad98a3fa70333e7afa230',
        '8f94d394a8e8fd6b1bc2f3f49f5c47e385281d5c17e65324b0f62483e37e8793',
        '3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a',
      ],
    ],
  ],
  [
    'fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2' +
      '9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542',
    [
      [
        [],
        'ef70a74db9c3a5af931b5fe73ed8e1a53464133654fd55e7a66f8570b8e33c3b',
        '171cb88b1b3c1db25add599712e36245d75bc65a1a5c9e18d76f9f2b1eab4012',
        '8fe9693f8fa62a4305a140b9764c5ee01e455963744fe18204b4fb948249308a',
      ],
      [
        [0],
        '0b78a3226f915c082bf118f83618a618ab6dec793752624cbeb622acb562862d',
        '1559eb2bbec5790b0c65d8693e4d0875b1747f4970ae8b650486ed7470845635',
        '86fab68dcb57aa196c77c5f264f215a112c22a912c10d123b0d03c3c28ef1037',
      ],
      [
        [0, 2_147_483_647],
        '138f0b2551bcafeca6ff2aa88ba8ed0ed8de070841f0c4ef0165df8181eaad7f',
        'ea4f5bfe8694d8bb74b7b59404632fd5968b774ed545e810de9c32a4fb4192f4',
        '5ba3b9ac6e90e83effcd25ac4e58a1365a9e35a3d3ae5eb07b9e4d90bcf7506d',
      ],
      [
        [0, 2_147_483_647, 1],
        '73bd9fff1cfbde33a1b846c27085f711c0fe2d66fd32e139d3ebc28e5a4a6b90',
        '3757c7577170179c7868353ada796c839135b3d30554bbb74a4b1e4a5a58505c',
        '2e66aa57069c86cc18249aecf5cb5a9cebbfd6fadeab056254763874a9352b45',
      ],
      [
        [0, 2_147_483_647, 1, 2_147_483_646, 2],
        '5d70af781f3a37b829f0d060924d5e960bdc02e85423494afc0b1a41bbe196d4',
        '551d333177df541ad876a60ea71f00447931c0a9da16f227c11ea080d7391b8d',
        '47150c75db263559a70d5778bf36abbab30fb061ad69f69ece61a72b0cfa4fc0',
      ],
    ],
  ],
]

test('SLIP-0010: the chain codes and keys of test vectors 1 and 2 for ed25519', () => {
  for (const [seed, nodes] of slip0010) {
    for (const [path, chain, key, publicKey] of nodes) {
      const node = derivePath(fromHex(seed), path)
      assert.equal(toHex(node.chainCode), chain, path.join('/'))
      assert.equal(toHex(node.key), key, path.join('/'))
      assert.equal(toHex(primitives.ed25519Public(node.key)), publicKey, path.join('/'))
    }
  }
})

test("AQ-QLOCK-1: a leaf lies at m/44'/5328468'/class'/index'/epoch'; classes, indexes and epochs never meet", () => {
  const seed = seedOf(new Uint8Array(32).fill(1))
  const leaf = deriveLeaf(seed, { keyClass: 'sub', index: 7, epoch: 2 })
  assert.deepEqual(leaf, derivePath(seed, [44, 5_328_468, 1, 7, 2]).key)
  const classes: KeyClass[] = ['root', 'sub', 'anonymous', 'child', 'device', 'recovery']
  const seen = new Set<string>()
  for (const keyClass of classes) {
    for (const [index, epoch] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ] as const) {
      seen.add(toHex(deriveLeaf(seed, { keyClass, index, epoch })))
    }
  }
  assert.equal(seen.size, classes.length * 4)
})

test('a step of a path that is no whole number below 2^31 is refused', () => {
  for (const index of [-1, 0.5, 2 ** 31, Number.NaN]) {
    assert.throws(() => deriveLeaf(new Uint8Array(64), { keyClass: 'root', index, epoch: 0 }), {
      code: 'invalid.path',
    })
  }
})

test('AQ-QLOCK-1: the whole signing key comes back from the 24 words', () => {
  const entropy = createEntropy(random)
  const outcome = entropyOf(wordsOf(entropy))
  assert.ok(outcome.ok)
  const path = { keyClass: 'root', index: 0, epoch: 0 } as const
  const [before, after] = [entropy, outcome.value].map((e) => createSigner(deriveLeaf(seedOf(e), path)))
  assert.deepEqual(after?.publicKey, before?.publicKey)
})
