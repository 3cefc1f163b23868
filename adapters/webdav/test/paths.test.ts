import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import fc from 'fast-check'
import { hrefOf, nameOf, parentOf, placeOf, placeOfUrl } from '../src/paths.ts'
import { createTurns } from '../src/turns.ts'

test('every name that can be kept has an address, and the address leads back to it', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 20 })
    .map((text) => text.normalize('NFC'))
    .filter((text) => text.isWellFormed() && !/[/\0]/.test(text) && text !== '.' && text !== '..')
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), fc.boolean(), (names, isFolder) => {
      const path = `/${names.join('/')}`
      const href = hrefOf('/dav', path, isFolder)
      assert.match(href, /^[A-Za-z0-9/%._~-]+$/)
      assert.equal(placeOf(href, '/dav').path, path)
    }),
  )
})

test('an address that goes up, or hides a slash, a NUL or broken bytes, leads nowhere', () => {
  for (const bad of [
    '/dav/..',
    '/dav/../x',
    '/dav/a/../../x',
    '/dav/%2e%2e/x',
    '/dav/%2E./x',
    '/dav/.',
    '/dav/a%2fb',
    '/dav/a%2Fb',
    '/dav/a%00',
    '/dav/%ff',
    '/dav/%',
    '/dav/%zz',
    '/dav/a#b',
    '/davx',
    '/other',
    'http://else/dav/a',
  ])
    assert.throws(
      () => placeOf(bad, '/dav'),
      (error) => hasCode(error, 'invalid.path'),
      bad,
    )
})

test('one name has one path, however its address is written', () => {
  for (const same of ['/dav/caf%C3%A9/x', '/dav/cafe%CC%81/x', '/dav//caf%c3%a9///x', '/dav/caf%C3%A9/x?y=1'])
    assert.equal(placeOf(same, '/dav').path, '/café/x')
  assert.deepEqual(placeOf('/dav', '/dav'), { path: '/', isFolderName: false })
  assert.deepEqual(placeOf('/dav/a/', '/dav'), { path: '/a', isFolderName: true })
  assert.deepEqual([parentOf('/a'), parentOf('/a/b'), nameOf('/a/b')], ['/', '/a', 'b'])
})

test('a destination is on this door or is none', () => {
  const request = { headers: { host: 'node:4600' } } as IncomingMessage
  const placed = (url: string): string | undefined => placeOfUrl(url, request, '/dav')?.path
  assert.equal(placed('http://node:4600/dav/a'), '/a')
  assert.equal(placed('https://NODE:4600/dav/a%20b/'), '/a b')
  assert.equal(placed('/dav/a'), '/a')
  assert.equal(placed('http://other/dav/a'), undefined)
  assert.equal(placed('http://node:4600/davx/a'), undefined)
  assert.equal(placed('http://node:4600'), undefined)
  for (const bad of ['a', 'ftp://node:4600/dav/a', '/elsewhere', 'http://node:4600/dav/../x'])
    assert.throws(
      () => placed(bad),
      (error) => hasCode(error, 'invalid.path'),
      bad,
    )
})

test('changes of one path come one after the other, of several at once, and one that fails lets the next go on', async () => {
  const turns = createTurns()
  const said: string[] = []
  const act = (name: string) => async (): Promise<void> => {
    said.push(`${name} begins`)
    await new Promise((resolve) => setImmediate(resolve))
    said.push(`${name} ends`)
    if (name === 'a') throw new Error('a')
  }
  const all = [
    turns.take(['x'], act('a')),
    turns.take(['x', 'y'], act('b')),
    turns.take(['y'], act('c')),
    turns.take(['z'], act('d')),
  ]
  await Promise.allSettled(all)
  const order = said.filter((line) => !line.startsWith('d'))
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  assert.equal(said.indexOf('d begins') < said.indexOf('b begins'), true)
})
