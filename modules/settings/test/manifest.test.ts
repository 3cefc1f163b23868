import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { describePermission, readPermission } from '@anarq/sdk'
import { parseDraft } from '@anarq/wxa'
import { settings } from '../ui/index.ts'

test('[WX-DEV-3] the manifest is one that the system takes, of the app that the desktop knows, and asks for what there is', () => {
  const manifest = parseDraft(readFileSync(new URL('../manifest.json', import.meta.url), 'utf8'))
  assert.equal(manifest.id, settings.id)
  assert.equal(manifest.name, settings.name.en)
  assert.deepEqual(manifest.defaultSize, settings.size)
  for (const { id } of manifest.permissions) assert.notEqual(describePermission(readPermission(id)), '')
})
