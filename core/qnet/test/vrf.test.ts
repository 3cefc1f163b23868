import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { edwards25519 } from '@anarq/qlock/edwards'
import { vrfHash, vrfHashBytes, vrfProofBytes, vrfProve, vrfVerify } from '@anarq/qnet'
import fc from 'fast-check'

/** RFC 9381 appendix B.3, examples 16 to 18: secret, public key, alpha, proof, hash. */
const examples = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    '8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805',
    '90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    'f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02',
    'eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e',
    '645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f',
  ],
].map((row) => row.map((hex) => fromHex(hex))) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
][]

test('draws give the proofs and hashes of RFC 9381, appendix B.3, byte for byte [SW-ROL-4]', () => {
  for (const [secret, publicKey, alpha, proof, hash] of examples) {
    assert.equal(toHex(primitives.ed25519Public(secret)), toHex(publicKey))
    assert.equal(toHex(vrfProve(secret, alpha)), toHex(proof))
    assert.equal(toHex(vrfVerify(publicKey, alpha, proof) as Uint8Array), toHex(hash))
    assert.deepEqual(vrfHash(proof), hash)
    assert.deepEqual([proof.length, hash.length], [vrfProofBytes, vrfHashBytes])
  }
})

test('a proof holds for one key and one text, and no changed bit of it holds [SW-ROL-4]', () => {
  const [[secret, publicKey, alpha, proof], [, otherKey]] = examples as [
    (typeof examples)[0],
    (typeof examples)[0],
  ]
  assert.equal(vrfVerify(otherKey, alpha, proof), undefined)
  assert.equal(vrfVerify(publicKey, Uint8Array.of(1), proof), undefined)
  const bits = fc.integer({ min: 0, max: vrfProofBytes * 8 - 1 })
  fc.assert(
    fc.property(bits, (bit) => {
      const changed = proof.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(vrfVerify(publicKey, alpha, changed), undefined)
    }),
    { numRuns: 40 },
  )
  assert.notDeepEqual(vrfProve(secret, Uint8Array.of(1)), proof)
})

test('what is no proof, no key, or one that says s another way, is refused and throws nothing [SW-ROL-4]', () => {
  const [, publicKey, alpha, proof] = examples[0] as (typeof examples)[0]
  const s = BigInt(`0x${toHex(proof.slice(48).reverse())}`) + edwards25519.order
  const again = proof.slice()
  again.set(fromHex(s.toString(16).padStart(64, '0')).reverse(), 48)
  assert.equal(vrfVerify(publicKey, alpha, again), undefined)
  for (const key of ['00', '01', 'ec'].map((low) => fromHex(`${low}${'00'.repeat(31)}`)))
    assert.equal(vrfVerify(key, alpha, proof), undefined)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 40 }), (junk, key) => {
      assert.equal(vrfVerify(publicKey, alpha, junk), undefined)
      assert.equal(vrfVerify(key, alpha, proof), undefined)
    }),
    { numRuns: 50 },
  )
  assert.throws(() => vrfProve(new Uint8Array(31), alpha), { code: 'invalid.key' })
  assert.throws(() => vrfHash(new Uint8Array(3)), { code: 'invalid.proof' })
})
