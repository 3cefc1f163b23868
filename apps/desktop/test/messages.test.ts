import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createSay, localeFor } from '@anarq/design/messages'
import { testTexts } from '@anarq/design/testing'
import { en } from '../src/messages/en.ts'
import { es } from '../src/messages/es.ts'

testTexts(en, es)

test('each text is said somewhere', () => {
  const source = new URL('../src/', import.meta.url)
  const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('messages'))
    .map((file) => readFileSync(new URL(file, source), 'utf8'))
    .join('\n')
  assert.deepEqual(
    Object.keys(en).filter((key) => !code.includes(`'${key}'`)),
    [],
  )
})

test('a value is put where its name stands, markup and all, and a missing one is seen', () => {
  const say = createSay({ en, es }, 'es')
  assert.equal(say('greeting.morning', { name: '<b>Ada</b>' }), 'Buenos días, <b>Ada</b>')
  assert.equal(say('greeting.morning'), 'Buenos días, {name}')
})

test('the reader gets the first of their languages that there is, and English otherwise', () => {
  assert.equal(localeFor(['fr-FR', 'es-MX', 'en']), 'es')
  assert.equal(localeFor(['EN-gb']), 'en')
  assert.equal(localeFor(['zh']), 'en')
})
