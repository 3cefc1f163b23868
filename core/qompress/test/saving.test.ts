import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countFrame, describeSaving, noFrames, packFrame, savingOf } from '@anarq/qompress'
import fc from 'fast-check'
import { mib, noise, prose } from './data.ts'

test('AQ-QOMPRESS-2: the saving of many frames is counted and shown', () => {
  const frames = [packFrame(prose(mib)), packFrame(noise(mib)), packFrame(new Uint8Array(0))]
  const stats = frames.reduce(countFrame, noFrames)
  assert.equal(stats.plainBytes, 2 * mib)
  assert.equal(stats.frames, 3)
  assert.equal(stats.framesCompressed, 1)
  assert.ok(savingOf(stats) > 0.25 && savingOf(stats) < 0.5)
  assert.match(describeSaving(stats), /^2\.0 MiB stored as 1\.\d MiB, [34]\d % saved$/)
})

test('AQ-QOMPRESS-10: the size that is charged is the stored one, to the byte', () => {
  const frames = [packFrame(prose(mib)), packFrame(noise(1000))]
  const { storedBytes, plainBytes } = frames.reduce(countFrame, noFrames)
  assert.equal(
    storedBytes,
    frames.reduce((sum, frame) => sum + frame.length, 0),
  )
  assert.ok(storedBytes < plainBytes / 2)
})

test('sizes read as people say them', () => {
  const cases: [plainBytes: number, storedBytes: number, saving: number, text: string][] = [
    [4 * mib, mib, 0.75, '4.0 MiB stored as 1.0 MiB, 75 % saved'],
    [1000, 1003, 0, '1000 bytes stored as 1003 bytes, nothing saved'],
    [1000, 999, 0.001, '1000 bytes stored as 999 bytes, nothing saved'],
    [0, 2, 0, '0 bytes stored as 2 bytes, nothing saved'],
  ]
  for (const [plainBytes, storedBytes, saving, text] of cases) {
    assert.ok(Math.abs(savingOf({ plainBytes, storedBytes }) - saving) < 1e-9)
    assert.equal(describeSaving({ plainBytes, storedBytes }), text)
  }
})

test('a saving is a share from 0 to 1, whatever the sizes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (plainBytes, storedBytes) => {
      const saving = savingOf({ plainBytes, storedBytes })
      assert.ok(saving >= 0 && saving <= 1)
    }),
  )
})
