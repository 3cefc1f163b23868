import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { testApp } from '@anarq/design/testing'
import { parseDraft } from '@anarq/wxa'
import { drive } from '../ui/index.ts'
import { messages } from '../ui/messages/messages.ts'

const manifestFile = new URL('../manifest.json', import.meta.url)

testApp(drive, messages, manifestFile)

test('of the person it manages the consents alone', () => {
  const { permissions } = parseDraft(readFileSync(manifestFile, 'utf8'))
  const managed = permissions.map(({ id }) => id).filter((id) => id.endsWith('.manage'))
  assert.deepEqual(managed, ['consent.manage'])
})
