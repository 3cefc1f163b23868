import assert from 'node:assert/strict'
import { test } from 'node:test'
import { en, type MessageKey } from '../ui/messages-en.ts'
import { es } from '../ui/messages-es.ts'

const placesOf = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] as string).sort()

test('each text is there in both languages, with the same places for values', () => {
  assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    assert.notEqual(es[key as MessageKey].trim(), '', key)
    assert.deepEqual(placesOf(es[key as MessageKey]), placesOf(text), key)
  }
})
