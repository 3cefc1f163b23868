import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { placesOf } from '@anarq/design/messages'
import { describePermission, readPermission } from '@anarq/sdk'
import { parseDraft } from '@anarq/wxa'
import { network } from '../ui/index.ts'
import { en, type MessageKey } from '../ui/messages/en.ts'
import { es } from '../ui/messages/es.ts'

test('each text is there in each language, with the same places for values', () => {
  assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    const other = es[key as MessageKey]
    assert.ok(text.trim() !== '' && other.trim() !== '', key)
    assert.deepEqual(placesOf(other), placesOf(text), key)
  }
})

test('the manifest is one that the system takes, of the app that the desktop knows, and asks for what there is', () => {
  const manifest = parseDraft(readFileSync(new URL('../manifest.json', import.meta.url), 'utf8'))
  assert.equal(manifest.id, network.id)
  assert.equal(manifest.name, network.name.en)
  assert.deepEqual(manifest.defaultSize, network.size)
  for (const { id } of manifest.permissions) assert.notEqual(describePermission(readPermission(id)), '')
})
