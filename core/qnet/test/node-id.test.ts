import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase32 } from '@anarq/bytes'
import { nodeIdBytes, nodeIdOf, parseNodeId, textOfNodeId } from '@anarq/qnet'

const key = new Uint8Array(32).fill(7)

test('a node id is one spelling of 32 bytes, the same for the same key', () => {
  const id = nodeIdOf(key)
  assert.equal(id, nodeIdOf(key.slice()))
  assert.notEqual(id, nodeIdOf(new Uint8Array(32)))
  assert.equal(parseNodeId(id), id)
  assert.equal(fromBase32(id).length, nodeIdBytes)
  assert.equal(textOfNodeId(fromBase32(id)), id)
})

test('whatever else is given as a node id is refused', () => {
  const id = nodeIdOf(key)
  const others = ['', id.toUpperCase(), id.slice(1), `${id}a`, `${id.slice(0, 51)}b`, `${id.slice(0, 51)}!`]
  for (const text of others) assert.throws(() => parseNodeId(text), { code: 'invalid.node-id' }, text)
  assert.throws(() => textOfNodeId(new Uint8Array(31)), { code: 'invalid.node-id' })
})
