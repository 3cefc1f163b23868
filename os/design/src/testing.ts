/** What holds of every app of the system that has a screen; each proves it with a line. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { describePermission, readPermission } from '@anarq/sdk'
import { parseDraft } from '@anarq/wxa'
import type { AppDefinition } from './app.ts'
import { type Locale, type Messages, placesOf } from './messages.ts'

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

/** The contract of an app of the system: its texts, and the package that it could be installed from. */
export function testApp<Key extends string>(
  { id, name, about, size }: Pick<AppDefinition, 'id' | 'name' | 'about' | 'size'>,
  { en, ...others }: Messages<Key>,
  manifestFile: URL,
): void {
  testTexts(en, ...Object.values(others))
  test('it is named in each language, and in one line says what it is for', () => {
    for (const locale of ['en', ...Object.keys(others)] as Locale[]) {
      assert.match(name[locale], /^\S.{1,24}$/)
      assert.match(about[locale], /^\S.{9,79}$/)
    }
  })
  test('[WX-DEV-3] the manifest is one that the system takes, of the app that the desktop knows, and asks for what there is', () => {
    const manifest = parseDraft(readFileSync(manifestFile, 'utf8'))
    assert.equal(manifest.id, id)
    assert.equal(manifest.name, name.en)
    assert.deepEqual(manifest.defaultSize, size)
    for (const { id: permission, why } of manifest.permissions) {
      assert.notEqual(describePermission(readPermission(permission)), '')
      assert.ok(why.length > 10, `${permission} says why it is asked for`)
    }
  })
}
