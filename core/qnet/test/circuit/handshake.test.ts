import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { systemRandom } from '@anarq/random'
import fc from 'fast-check'
import {
  answerHandshake,
  helloBytes,
  hybridForm,
  ntorV3Form,
  replyBytes,
  startHandshake,
} from '../../src/circuit/handshake.ts'

/** Tor's proposal 332, X.2. */
const vector = {
  b: '4051daa5921cfa2a1c27b08451324919538e79e788a81b38cbed097a5dff454a',
  B: 'f8307a2bc1870b00b828bb74dbb8fd88e632a6375ab3bcd1ae706aaa8b6cdd1d',
  ID: '9fad2af287ef942632833d21f946c6260c33fae6172b60006e86e4a6911753a2',
  x: 'b825a3719147bcbe5fb1d0b0fcb9c09e51948048e2e3283d2ab7b45b5ef38b49',
  CM: '68656c6c6f20776f726c64',
  VER: '78797a7a79',
  y: '4865a5b7689dafd978f529291c7171bc159be076b92186405d13220b80e2a053',
  SM: '486f6c61204d756e646f',
  client:
    '9fad2af287ef942632833d21f946c6260c33fae6172b60006e86e4a6911753a2f8307a2bc1870b00b828bb74dbb8fd88e632a6375ab3bcd1ae706aaa8b6cdd1d252fe9ae91264c91d4ecb8501f79d0387e34ad8ca0f7c995184f7d11d5da4f463bebd9151fd3b47c180abc9e044d53565f04d82bbb3bebed3d06cea65db8be9c72b68cd461942088502f67',
  server:
    '4bf4814326fdab45ad5184f5518bd7fae25dc59374062698201a50a22954246d2fc5f8773ca824542bc6cf6f57c7c29bbf4e5476461ab130c5b18ab0a91276651202c3e1e87c0d32054c',
  keystream:
    '9c19b631fd94ed86a817e01f6c80b0743a43f5faebd39cfaa8b00fa8bcc65c3bfeaa403d91acbd68a821bf6ee8504602b094a254392a07737d5662768c7a9fb1b2814bb34780eaee6e867c773e28c212ead563e98a1cd5d5b4576f5ee61c59bde025ff2851bb19b721421694f263818e3531e43a9e4e3e2c661e2ad547d8984caa28ebecd3e4525452299be26b9185a20a90ce1eac20a91f2832d731b54502b09749b5a2a2949292f8cfcbeffb790c7790ed935a9d251e7e336148ea83b063a5618fcff674a44581585fd22077ca0e52c59a24347a38d1a1ceebddbf238541f226b8f88d0fb9c07a1bcd2ea764bbbb5dacdaf5312a14c0b9e4f06309b0333b4a',
}
const fixed = (hex: string) => ({ bytes: () => fromHex(hex) })

test('without its ML-KEM part the handshake is ntor-v3 to the byte: the vectors of proposal 332', () => {
  const meant = { form: ntorV3Form, identity: fromHex(vector.ID), verification: fromHex(vector.VER) }
  const started = startHandshake({
    ...meant,
    onionKey: fromHex(vector.B),
    message: fromHex(vector.CM),
    random: fixed(vector.x),
  })
  assert.equal(toHex(started.hello), vector.client)
  const answer = answerHandshake(
    {
      ...meant,
      onionKeys: [primitives.x25519Key(fromHex(vector.b))],
      respond: () => fromHex(vector.SM),
      random: fixed(vector.y),
    },
    started.hello,
    256,
  )
  assert.ok(answer)
  assert.equal(toHex(answer.message), vector.CM)
  assert.equal(toHex(answer.reply), vector.server)
  assert.equal(toHex(answer.keys), vector.keystream)
  const agreed = started.finish(answer.reply, 256)
  assert.equal(toHex(agreed?.keys ?? new Uint8Array()), vector.keystream)
  assert.equal(toHex(agreed?.message ?? new Uint8Array()), vector.SM)
})

const identity = systemRandom.bytes(32)
const verification = new Uint8Array([1])
const onionKey = primitives.x25519Key(systemRandom.bytes(32))
const older = primitives.x25519Key(systemRandom.bytes(32))
const meant = { form: hybridForm, identity, verification }
const start = (key = onionKey) =>
  startHandshake({
    ...meant,
    onionKey: key.publicKey,
    message: new Uint8Array([7]),
    random: systemRandom,
  })
const answering = {
  ...meant,
  onionKeys: [onionKey, older],
  respond: (message: Uint8Array) => message,
  random: systemRandom,
}

test('[QN-CRY-1] the hybrid handshake gives both sides one key, fits a cell, and takes yesterday’s onion key', () => {
  for (const key of [onionKey, older]) {
    const started = start(key)
    const answer = answerHandshake(answering, started.hello, 128)
    assert.ok(answer)
    assert.equal(started.hello.length, helloBytes + 1)
    assert.equal(answer.reply.length, replyBytes + 1)
    assert.ok(started.hello.length < 4000)
    assert.deepEqual(started.finish(answer.reply, 128), { keys: answer.keys, message: new Uint8Array([7]) })
    assert.equal(started.finish(answer.reply, 128), undefined, 'once')
  }
})

test('a hello to another node, another onion key or other verification is answered by nobody', () => {
  const { hello } = start()
  const others = [
    { ...answering, identity: systemRandom.bytes(32) },
    { ...answering, onionKeys: [older] },
    { ...answering, verification: new Uint8Array([2]) },
    { ...answering, form: ntorV3Form },
  ]
  for (const other of others) assert.equal(answerHandshake(other, hello, 128), undefined)
})

test('two handshakes of the same hello share no key, so that a replayed hello opens nothing', () => {
  const started = start()
  const [first, second] = [1, 2].map(() => answerHandshake(answering, started.hello, 128))
  assert.ok(first && second)
  assert.notDeepEqual(first.keys, second.keys)
})

test('no bit of hello or reply can be changed unseen, and no length makes either side throw', () => {
  const honest = start()
  const answer = answerHandshake(answering, honest.hello, 128)
  assert.ok(answer)
  fc.assert(
    fc.property(fc.nat(honest.hello.length * 8 - 1), (bit) => {
      assert.equal(answerHandshake(answering, flipped(honest.hello, bit), 128), undefined)
    }),
    { numRuns: 60 },
  )
  fc.assert(
    fc.property(fc.nat(answer.reply.length * 8 - 1), (bit) => {
      const started = start()
      const reply = answerHandshake(answering, started.hello, 128)?.reply as Uint8Array
      assert.equal(started.finish(flipped(reply, bit), 128), undefined)
    }),
    { numRuns: 40 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1500 }), fc.nat(1400), (noise, cut) => {
      assert.equal(answerHandshake(answering, noise, 128), undefined)
      assert.equal(answerHandshake(answering, honest.hello.subarray(0, cut % helloBytes), 128), undefined)
      assert.equal(start().finish(noise, 128), undefined)
    }),
    { numRuns: 40 },
  )
})

test('points of low order are refused on both sides', () => {
  const started = start()
  const reply = answerHandshake(answering, started.hello, 128)?.reply as Uint8Array
  const zero = reply.slice().fill(0, 0, 32)
  assert.equal(started.finish(zero, 128), undefined)
  const low = start().hello.slice().fill(0, 64, 96)
  assert.equal(answerHandshake(answering, low, 128), undefined)
})

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}
