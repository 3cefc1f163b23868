import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentOf } from '../ui/logic/roles.ts'

test('[SW-ROL-7] how much an Operator was there is never said to be more than it was', () => {
  assert.equal(percentOf(99.999, 'en'), '99.99%')
  assert.equal(percentOf(100, 'en'), '100%')
  assert.equal(percentOf(99.5, 'en'), '99.5%')
  assert.equal(percentOf(98.29, 'es').replace(/\s/, ' '), '98,29 %')
})
