import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import {
  createSigner,
  deriveSecret,
  ed25519PartOf,
  lightSignatureBytes,
  primitives,
  signatureBytes,
  verifyEd25519,
  verifyKeyBytes,
  verifySignature,
} from '@anarq/qlock'
import { systemRandom as random } from '@anarq/random'
import fc from 'fast-check'
import { createSignerOfSeeds } from '../src/signature.ts'
import { flip, readVectors, skipWithout } from './vectors.ts'

type CompositeFile = {
  m: string
  ctx: string
  tests: Record<'tcId' | 'pk' | 'sk' | 's' | 'sWithContext', string>[]
}

const signer = createSigner(new Uint8Array(32).fill(7))
const message = fromUtf8('I lend Ana my bicycle until Sunday.')
const signature = signer.sign(message, 'a letter')

test('AQ-QLOCK-10, AQ-QLOCK-14: the bytes are those of id-MLDSA65-Ed25519-SHA512: its vectors verify and its key signs', {
  skip: skipWithout('composite-sigs/mldsa65-ed25519-sha512.json'),
}, () => {
  const file = readVectors<CompositeFile>('composite-sigs/mldsa65-ed25519-sha512.json')
  const [one] = file.tests
  assert.ok(one?.tcId === 'id-MLDSA65-Ed25519-SHA512')
  const [m, pk, sk] = [fromBase64(file.m), fromBase64(one.pk), fromBase64(one.sk)]
  const context = toUtf8(fromBase64(file.ctx))
  assert.ok(verifySignature(pk, m, fromBase64(one.s)))
  assert.ok(verifySignature(pk, m, fromBase64(one.sWithContext), context))
  assert.ok(!verifySignature(pk, m, fromBase64(one.sWithContext)))
  assert.ok(!verifySignature(pk, m, fromBase64(one.s), context))

  const theirs = createSignerOfSeeds(sk.slice(0, 32), sk.slice(32))
  assert.deepEqual(theirs.publicKey, pk)
  const ours = theirs.sign(m, context)
  assert.ok(verifySignature(pk, m, ours, context))
  assert.deepEqual(ours.slice(3309), fromBase64(one.sWithContext).slice(3309), 'Ed25519 is deterministic')
})

test('AQ-QLOCK-10, AQ-QLOCK-11: a signature verifies with public data alone, and not after any change', () => {
  assert.equal(signature.length, signatureBytes)
  assert.equal(signer.publicKey.length, verifyKeyBytes)
  assert.ok(verifySignature(signer.publicKey, message, signature, 'a letter'))
  fc.assert(
    fc.property(
      fc.nat(message.length - 1),
      fc.nat(signatureBytes - 1),
      fc.nat(7),
      (inMessage, inSignature, bit) => {
        const verify = (m: Uint8Array, s: Uint8Array) => verifySignature(signer.publicKey, m, s, 'a letter')
        assert.ok(!verify(flip(message, inMessage, 1 << bit), signature))
        assert.ok(!verify(message, flip(signature, inSignature, 1 << bit)))
      },
    ),
    {
      numRuns: 25,
      examples: [
        [0, 0, 0],
        [0, 3308, 7],
        [0, 3309, 0],
        [0, 3372, 7],
      ],
    },
  )
  assert.ok(!verifySignature(signer.publicKey, message, signature), 'without its context')
  assert.ok(!verifySignature(signer.publicKey, message, signature, 'a contract'))
})

test('AQ-QLOCK-8, AQ-QLOCK-13: a signature of one key does not verify under another, nor under a key with one half swapped', () => {
  const other = createSigner(new Uint8Array(32).fill(8))
  assert.ok(!verifySignature(other.publicKey, message, signature, 'a letter'))
  for (const [lattice, edwards] of [
    [signer, other],
    [other, signer],
  ] as const) {
    const swapped = new Uint8Array([...lattice.publicKey.slice(0, 1952), ...edwards.publicKey.slice(1952)])
    assert.ok(!verifySignature(swapped, message, signature, 'a letter'))
  }
})

test('AQ-QLOCK-14: neither half alone is enough', () => {
  const forged = createSigner(new Uint8Array(32).fill(8)).sign(message, 'a letter')
  const onlyLattice = new Uint8Array([...signature.slice(0, 3309), ...forged.slice(3309)])
  const onlyEdwards = new Uint8Array([...forged.slice(0, 3309), ...signature.slice(3309)])
  assert.ok(!verifySignature(signer.publicKey, message, onlyLattice, 'a letter'))
  assert.ok(!verifySignature(signer.publicKey, message, onlyEdwards, 'a letter'))
})

test('malformed keys and signatures are false, never an error', () => {
  for (const wrong of [new Uint8Array(0), new Uint8Array(1984), new Uint8Array(3373), new Uint8Array(4000)]) {
    assert.equal(verifySignature(wrong, message, signature, 'a letter'), false)
    assert.equal(verifySignature(signer.publicKey, message, wrong, 'a letter'), false)
    assert.equal(verifyEd25519(wrong, message, signer.signEd25519(message)), false)
    assert.equal(verifyEd25519(signer.publicKey, message, wrong), false)
  }
})

test('a context has at most 255 bytes', () => {
  const longest = 'ñ'.repeat(127)
  assert.ok(verifySignature(signer.publicKey, message, signer.sign(message, longest), longest))
  assert.throws(() => signer.sign(message, 'x'.repeat(256)), { code: 'invalid.context' })
  assert.throws(() => signer.signEd25519(message, 'ñ'.repeat(128)), { code: 'invalid.context' })
})

test('AQ-QLOCK-13: a light signature is bound to its message, context and key, and is no half of the other kind', () => {
  const light = signer.signEd25519(message, 'a session')
  assert.equal(light.length, lightSignatureBytes)
  assert.ok(verifyEd25519(signer.publicKey, message, light, 'a session'))
  assert.ok(!verifyEd25519(signer.publicKey, message, light))
  assert.ok(!verifyEd25519(signer.publicKey, flip(message, 0), light, 'a session'))
  assert.ok(!verifyEd25519(createSigner(random.bytes(32)).publicKey, message, light, 'a session'))
  const heavy = signer.sign(message, 'a session').slice(3309)
  assert.ok(!verifyEd25519(signer.publicKey, message, heavy, 'a session'))
  assert.ok(
    !primitives.ed25519Verify(ed25519PartOf(signer.publicKey), message, light),
    'not over the bare message',
  )
})

test('the Ed25519 part is that of the label, and a key of another length has none', () => {
  const leaf = new Uint8Array(32).fill(7)
  const seed = deriveSecret(leaf, 'q/v1/sig/ed25519')
  assert.deepEqual(ed25519PartOf(signer.publicKey), primitives.ed25519Public(seed))
  assert.throws(() => ed25519PartOf(new Uint8Array(32)), { code: 'invalid.public-key' })
})

test('AQ-QLOCK-1: the same leaf gives the same signer, and one that was put away signs no more', () => {
  const leaf = random.bytes(32)
  const [one, two] = [createSigner(leaf), createSigner(leaf)]
  assert.deepEqual(one.publicKey, two.publicKey)
  one.dispose()
  one.dispose()
  assert.throws(() => one.sign(message), { code: 'refused.disposed' })
  assert.throws(() => one.signEd25519(message), { code: 'refused.disposed' })
  assert.ok(verifySignature(one.publicKey, message, two.sign(message)))
})

function fromBase64(text: string): Uint8Array {
  return Uint8Array.fromBase64(text)
}
