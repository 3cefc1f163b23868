import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { concatBytes, fromHex, toHex } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { HandshakeState } from '../../src/link/noise/handshake-state.ts'
import { type PatternName, patternOf, protocolNameOf } from '../../src/link/noise/patterns.ts'
import { CipherState } from '../../src/link/noise/symmetric-state.ts'

type Vector = Readonly<Record<string, string>> & {
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const file = join(
  resolve(root, process.env.ANARQ_VECTORS ?? '../shared/vectors'),
  'noise/cacophony-25519.json',
)
const skip = existsSync(file) ? false : 'the Noise vectors are not here: set ANARQ_VECTORS'
const empty = new Uint8Array(0)

for (const pattern of ['XK', 'XX', 'IK'] as const) {
  test(`[QN-CRY-1] Noise ${pattern} without ML-KEM writes the bytes of the cacophony vectors`, {
    skip,
  }, () => {
    const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }
    const vector = vectors.find(({ protocol_name }) => protocol_name === protocolNameOf(pattern, false))!
    const [initiator, responder] = [side(vector, pattern, 'init'), side(vector, pattern, 'resp')]
    const handshakes = patternOf(pattern, false).messages.length
    for (const [i, { payload, ciphertext }] of vector.messages.slice(0, handshakes).entries()) {
      const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
      const message = from.write(() => fromHex(payload))
      assert.equal(toHex(message), ciphertext)
      assert.equal(toHex(to.read(message)!.payload), payload)
    }
    const results = [initiator.finish(), responder.finish()] as const
    for (const { hash } of results) assert.equal(toHex(hash), vector.handshake_hash)
    assert.deepEqual(results[0], results[1])
    const ciphers = [
      new CipherState(results[0].initiatorKey),
      new CipherState(results[0].responderKey),
    ] as const
    for (const [i, { payload, ciphertext }] of vector.messages.entries()) {
      if (i < handshakes) continue
      assert.equal(toHex((ciphers[i % 2] as CipherState).seal(empty, fromHex(payload))), ciphertext)
    }
  })
}

test('[QN-CRY-1] the hybrid handshake agrees on keys, and has one size', () => {
  const { initiator, responder } = pair()
  const sizes = exchange(initiator, responder)
  assert.deepEqual(sizes, [32 + 1200 + 16, 32 + 1104 + 16, 48 + 16])
  const [ours, theirs] = [initiator.finish(), responder.finish()]
  assert.deepEqual(ours, theirs)
  assert.notDeepEqual(ours.initiatorKey, ours.responderKey)
})

test('what is said depends on the ML-KEM part: another secret gives other keys', () => {
  const keys = [1, 1, 2].map((seed) => {
    const { initiator, responder } = pair({ kemSeed: seed })
    exchange(initiator, responder)
    return toHex(initiator.finish().initiatorKey)
  })
  assert.equal(new Set(keys).size, 3, 'ML-KEM draws anew each time, even where X25519 is the same')
})

test('another prologue, another static key or a changed byte ends the handshake where it is seen first', () => {
  assert.equal(pair({ prologues: [Uint8Array.of(1), Uint8Array.of(2)] }).opensFirst(), false)
  assert.equal(pair({ isWrongPeer: true }).opensFirst(), false)
  fc.assert(
    fc.property(fc.nat(2), fc.nat(1247), fc.integer({ min: 1, max: 255 }), (turn, at, mask) => {
      const { initiator, responder } = pair()
      for (let i = 0; i <= turn; i += 1) {
        const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
        const message = from.write(() => empty)
        if (i < turn) assert.ok(to.read(message))
        else {
          const changed = message.slice()
          const where = at % changed.length
          changed[where] = changed[where]! ^ mask
          // The last bit of an X25519 key is not part of it (RFC 7748, section 5), but it is part of the hash.
          assert.equal(to.read(changed), undefined)
        }
      }
    }),
    { numRuns: 60 },
  )
})

test('random bytes, cut messages and keys of low order are no handshake', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1400 }), (bytes) => {
      assert.equal(pair().responder.read(bytes), undefined)
    }),
    { numRuns: 50 },
  )
  const { initiator, responder } = pair()
  const message = initiator.write(() => empty)
  for (const length of [0, 31, 32, 33, 1231, 1247]) {
    assert.equal(pair().responder.read(message.subarray(0, length)), undefined)
  }
  assert.equal(responder.read(concatBytes(new Uint8Array(32), message.subarray(32))), undefined)
})

function side(vector: Vector, pattern: PatternName, who: 'init' | 'resp'): HandshakeState {
  const peer = vector[`${who}_remote_static`]
  return new HandshakeState({
    pattern,
    isHybrid: false,
    isInitiator: who === 'init',
    prologue: fromHex(vector[`${who}_prologue`] as string),
    staticKey: primitives.x25519Key(fromHex(vector[`${who}_static`] as string)),
    ...(peer === undefined ? {} : { peerStaticKey: fromHex(peer) }),
    random: { bytes: () => fromHex(vector[`${who}_ephemeral`] as string) },
  })
}

function pair({
  prologues = [empty, empty],
  isWrongPeer = false,
  kemSeed = 1,
}: {
  prologues?: readonly [Uint8Array, Uint8Array]
  isWrongPeer?: boolean
  kemSeed?: number
} = {}) {
  const [ours, theirs] = [1, 2].map((seed) => primitives.x25519Key(new Uint8Array(32).fill(seed))) as [
    ReturnType<typeof primitives.x25519Key>,
    ReturnType<typeof primitives.x25519Key>,
  ]
  const common = { pattern: 'XK', isHybrid: true } as const
  const initiator = new HandshakeState({
    ...common,
    isInitiator: true,
    prologue: prologues[0],
    staticKey: ours,
    peerStaticKey: isWrongPeer ? ours.publicKey : theirs.publicKey,
    random: createSeededRandom(kemSeed),
  })
  const responder = new HandshakeState({
    ...common,
    isInitiator: false,
    prologue: prologues[1],
    staticKey: theirs,
    random: createSeededRandom(9),
  })
  return {
    initiator,
    responder,
    opensFirst: () => responder.read(initiator.write(() => empty)) !== undefined,
  }
}

function exchange(initiator: HandshakeState, responder: HandshakeState): number[] {
  return [0, 1, 2].map((i) => {
    const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
    const message = from.write(() => empty)
    assert.ok(to.read(message))
    return message.length
  })
}
