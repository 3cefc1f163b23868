import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { strengthOf } from '../src/strength.ts'

const levels = ['empty', 'weak', 'fair', 'good', 'strong']

test('what everybody tries first is weak, however long it is', () => {
  for (const passphrase of [
    'password',
    'Password1',
    'contraseña',
    'qwertyuiop',
    '12345678901234567890',
    'aaaaaaaaaaaaaaaaaaaaaaaa',
    'iloveyou iloveyou',
    'abc',
    'tequiero123',
    'abcdefghijkl',
  ])
    assert.equal(strengthOf(passphrase).level, 'weak', passphrase)
})

test('four unrelated words are good, six are strong, in either language', () => {
  for (const passphrase of ['copper meadow tram seventeen', 'lluvia cobre tranvía diecisiete'])
    assert.equal(strengthOf(passphrase).level, 'good', passphrase)
  assert.equal(strengthOf('copper meadow tram seventeen walrus ladder').level, 'strong')
  assert.equal(strengthOf('tR7#kq9!Zm2$vX').level, 'strong')
  assert.equal(strengthOf('').level, 'empty')
})

test('a word that is said again adds nothing', () => {
  const once = strengthOf('copper meadow').bits
  assert.equal(strengthOf('copper meadow copper meadow copper').bits, once)
})

test('whatever is typed has a level, and fewer than eight characters are never more than weak', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (passphrase) => {
      const { bits, level } = strengthOf(passphrase)
      assert.ok(levels.includes(level) && bits >= 0 && Number.isFinite(bits))
      if (passphrase.length > 0 && passphrase.length < 8) assert.equal(level, 'weak')
    }),
  )
})
