import assert from 'node:assert/strict'
import { test } from 'node:test'
import { giveIn, portIn, typedOf, wayIn } from '../ui/logic/way.ts'

const gibibyte = 1024 ** 3

test('how a node meets others reads as it was typed, and what was chosen is typed again', () => {
  for (const way of [
    { way: 'off', port: 4610 },
    { way: 'out', port: 4610, giveBytes: 0 },
    { way: 'listen', port: 9, giveBytes: 1.5 * gibibyte },
  ] as const)
    assert.deepEqual(wayIn(typedOf({ ...way, isFixed: false })), way)
  assert.deepEqual(wayIn({ way: 'out', port: 'none', give: 'automatic', size: '' }), {
    way: 'out',
    port: 4610,
  })
})

test('a port that is none, and a size that is too little, are not taken', () => {
  for (const wrong of ['', '0', '65536', '1e3', '-1', '4610.5', 'http'])
    assert.equal(portIn(wrong), undefined)
  for (const wrong of ['', '0', '0.5', 'all', '-2']) assert.equal(giveIn(wrong), undefined)
  assert.equal(giveIn(' 2,5 '), 2.5 * gibibyte)
  const typed = { way: 'listen', port: '70000', give: 'automatic', size: '' } as const
  assert.equal(wayIn(typed), undefined)
  assert.equal(wayIn({ ...typed, port: '7000', give: 'size', size: '0.1' }), undefined)
})
