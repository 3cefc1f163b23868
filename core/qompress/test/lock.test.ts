import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, toHex } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { hashBlake3, openChunk, sealChunk, type VaultParams } from '@anarq/qlock'
import {
  addLock,
  createLock,
  deriveLockKey,
  lockOverheadBytes,
  openFrame,
  openLock,
  packFrame,
} from '@anarq/qompress'
import fc from 'fast-check'
import { mib, noise, prose } from './data.ts'

const quick: VaultParams = { memoryKiB: 64, passes: 1, lanes: 1 }
const salt = new Uint8Array(16).fill(3)
const lockKey = new Uint8Array(32).fill(5)
const otherKey = new Uint8Array(32).fill(6)
const chunkSecret = new Uint8Array(32).fill(1)

test('AQ-QOMPRESS-7: with extra protection, a second layer lies between compression and Qlock', async () => {
  const plain = prose(mib)
  const key = await deriveLockKey('correct horse', salt, quick)
  const locked = addLock(key, packFrame(plain))
  const sealed = sealChunk(chunkSecret, locked)
  assert.ok(sealed.block.length < mib / 2)

  const unsealed = openChunk(sealed.key, sealed.block) ?? assert.fail('Qlock does not open')
  assert.deepEqual(unsealed, locked)
  const frame = openLock(key, unsealed) ?? assert.fail('the second lock does not open')
  assert.deepEqual(openFrame(frame), plain)
})

test('AQ-QOMPRESS-8: with one of the two keys the content stays closed', async () => {
  const plain = prose(10_000)
  const frame = packFrame(plain)
  const key = await deriveLockKey('correct horse', salt, quick)
  const wrong = await deriveLockKey('correct house', salt, quick)
  const sealed = sealChunk(chunkSecret, addLock(key, frame))

  const withQlockAlone = openChunk(sealed.key, sealed.block) ?? assert.fail('Qlock does not open')
  assert.equal(openLock(wrong, withQlockAlone), undefined)
  assert.equal(indexOf(withQlockAlone, frame.subarray(10, 26)), -1)
  assert.equal(openLock(key, sealed.block), undefined)
  assert.equal(openChunk(key, sealed.block), undefined)
})

test('AQ-QOMPRESS-9: without a choice there is no second layer: a frame opens with no key', () => {
  const plain = prose(10_000)
  const sealed = sealChunk(chunkSecret, packFrame(plain))
  const frame = openChunk(sealed.key, sealed.block) ?? assert.fail('does not open')
  assert.deepEqual(openFrame(frame), plain)
})

test('what is locked opens with its key to the same bytes, 48 bytes longer while locked', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (frame) => {
      const locked = addLock(lockKey, frame)
      assert.equal(locked.length, frame.length + lockOverheadBytes)
      assert.deepEqual(openLock(lockKey, locked), frame)
      assert.equal(openLock(otherKey, locked), undefined)
    }),
  )
})

test('the same frame locks to the same bytes, and another key shows no likeness', () => {
  const frame = noise(1000)
  assert.deepEqual(addLock(lockKey, frame), addLock(lockKey, frame.slice()))
  assert.notDeepEqual(addLock(lockKey, frame).subarray(0, 32), addLock(otherKey, frame).subarray(0, 32))
  const altered = frame.slice()
  altered[999]! ^= 1
  assert.notDeepEqual(addLock(lockKey, frame).subarray(0, 100), addLock(lockKey, altered).subarray(0, 100))
})

test('the bytes of the second lock never change, or stored content would not open', () => {
  assert.equal(
    toHex(hashBlake3(addLock(lockKey, noise(1000)))),
    '6806b858ad42b9ce52083781e5570ed60a8671ff10c030ffadec68ce803f8411',
  )
})

test('any altered bit, and any missing or added byte, keeps a lock closed', () => {
  const locked = addLock(lockKey, noise(20))
  for (let bit = 0; bit < locked.length * 8; bit += 1) {
    const altered = locked.slice()
    altered[bit >> 3]! ^= 1 << (bit & 7)
    assert.equal(openLock(lockKey, altered), undefined, `bit ${bit}`)
  }
  for (let length = 0; length < locked.length; length += 1)
    assert.equal(openLock(lockKey, locked.subarray(0, length)), undefined)
  assert.equal(openLock(lockKey, concatBytes(locked, Uint8Array.of(0))), undefined)
})

test('a lock kept open for many frames works like one for each, until it is disposed of', () => {
  const frame = noise(300)
  const lock = createLock(lockKey)
  assert.deepEqual(lock.add(frame), addLock(lockKey, frame))
  assert.deepEqual(lock.open(addLock(lockKey, frame)), frame)
  lock[Symbol.dispose]()
  const isDisposed = (error: unknown): boolean => hasCode(error, 'internal.disposed')
  assert.throws(() => lock.add(frame), isDisposed)
  assert.throws(() => lock.open(frame), isDisposed)
  assert.deepEqual(lockKey, new Uint8Array(32).fill(5))
})

test('a passphrase gives one key however its letters are composed, and another for another salt or cost', async () => {
  const key = await deriveLockKey('Zo\u00eb', salt, quick)
  assert.equal(key.length, 32)
  assert.deepEqual(await deriveLockKey('Zoe\u0308', salt, quick), key)
  assert.notDeepEqual(await deriveLockKey('Zoe', salt, quick), key)
  assert.notDeepEqual(await deriveLockKey('Zo\u00eb', new Uint8Array(16), quick), key)
  assert.notDeepEqual(await deriveLockKey('Zo\u00eb', salt, { ...quick, passes: 2 }), key)
})

test('empty passphrases, wrong salts and keys, and costs without measure are refused', async () => {
  const rejects = (promise: Promise<unknown>, code: 'invalid' | 'limit'): Promise<void> =>
    assert.rejects(promise, (error) => hasCode(error, code))
  await rejects(deriveLockKey('', salt, quick), 'invalid')
  await rejects(deriveLockKey('a', new Uint8Array(15), quick), 'invalid')
  for (const wrong of [
    { memoryKiB: 2_000_000 },
    { memoryKiB: 7 },
    { passes: 0 },
    { passes: 17 },
    { lanes: 0 },
    { lanes: 17 },
    { passes: Number.NaN },
  ])
    await rejects(deriveLockKey('a', salt, { ...quick, ...wrong }), 'limit')
  assert.throws(
    () => addLock(new Uint8Array(31), new Uint8Array(1)),
    (error) => hasCode(error, 'invalid.key'),
  )
})

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes).indexOf(part)
}
