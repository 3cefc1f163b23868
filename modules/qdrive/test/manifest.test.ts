import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readPermission } from '@anarq/sdk'
import { parseDraft } from '@anarq/wxa'
import { drive } from '../ui/index.ts'

test("[WX-DEV-3] the manifest is one that any app could have, asks for permissions that the system knows, and names the shell's app", () => {
  const text = readFileSync(new URL('../manifest.json', import.meta.url), 'utf8')
  const manifest = parseDraft(text)
  assert.equal(manifest.id, drive.id)
  assert.equal(manifest.name, drive.name.en)
  for (const { id, why } of manifest.permissions) {
    assert.equal(readPermission(id), id)
    assert.ok(why.length > 10)
  }
  assert.ok(!manifest.permissions.some(({ id }) => id.endsWith('.manage') && id !== 'consent.manage'))
})
