import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en } from '../ui/messages/en.ts'
import { es } from '../ui/messages/es.ts'

const placesIn = (text: string): string =>
  [...text.matchAll(/\{(\w+)\}/g)]
    .map(([, name]) => name)
    .sort()
    .join()

test('both languages say everything, with the same values in it', () => {
  assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    const other = es[key as keyof typeof en]
    assert.notEqual(other.trim(), '', key)
    assert.equal(placesIn(other), placesIn(text), key)
  }
})
