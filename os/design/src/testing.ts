/** What holds of every app of the system that has a screen; each proves it with a line or two. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { describePermission, readPermission } from '@anarq/sdk'
import { parseDraft } from '@anarq/wxa'
import type { AppDefinition } from './app.ts'
import { placesOf } from './messages.ts'

/** `en` is the one that is written first; the others say the same. */
export function testTexts<Key extends string>(
  en: Readonly<Record<Key, string>>,
  ...others: readonly Readonly<Record<Key, string>>[]
): void {
  test('each text is there in each language, with the same places for values', () => {
    for (const other of others) {
      assert.deepEqual(Object.keys(other).sort(), Object.keys(en).sort())
      for (const key of Object.keys(en) as Key[]) {
        assert.ok(en[key].trim() !== '' && other[key].trim() !== '', key)
        assert.deepEqual(placesOf(other[key]), placesOf(en[key]), key)
      }
    }
  })
}

/** The package that an app could be installed from says of it what the desktop knows. */
export function testManifest(
  { id, name, size }: Pick<AppDefinition, 'id' | 'name' | 'size'>,
  manifestFile: URL,
): void {
  test('[WX-DEV-3] the manifest is one that the system takes, of the app that the desktop knows, and asks for what there is', () => {
    const manifest = parseDraft(readFileSync(manifestFile, 'utf8'))
    assert.equal(manifest.id, id)
    assert.equal(manifest.name, name.en)
    assert.deepEqual(manifest.defaultSize, size)
    for (const permission of manifest.permissions)
      assert.notEqual(describePermission(readPermission(permission.id)), '')
  })
}
