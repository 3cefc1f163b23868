import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backendAddress } from '../src/bridge/backend-path.ts'
import { type BackendAsked, createFrameCalls } from '../src/bridge/frame-calls.ts'
import { combinations, commandOf, keysOf, pressOf } from '../src/windows/keys.ts'

const origin = 'http://127.0.0.1:4600'
const { signal } = new AbortController()

function world() {
  const done: unknown[] = []
  let nowMs = 0
  let isHere = true
  const calls = createFrameCalls({
    sdk: async (call, input) => done.push([call, input]),
    backend: async (asked: BackendAsked) => {
      done.push(asked)
      return { status: 200, headers: {}, bytes: new Uint8Array() }
    },
    content: new Map([['content.open', async (input) => done.push(['content.open', input])]]),
    setTitle: (title) => done.push(title),
    close: () => done.push('closed'),
    notify: (notice) => done.push(notice),
    save(name, content) {
      if (isHere) done.push([name, content.size])
      return isHere
    },
    press(combination) {
      const pressed = pressOf(combination)
      if (pressed !== undefined) done.push(commandOf(pressed) ?? pressed.code)
      return pressed !== undefined
    },
    nowMs: () => nowMs,
  })
  return {
    calls,
    done,
    pass: (ms: number) => (nowMs += ms),
    leave() {
      isHere = false
    },
  }
}

test("an app's address stays below its own backend, whatever it asks for", () => {
  const of = (path: string): string => backendAddress('org.example.a', path, origin)
  assert.equal(of('/notes/1?full=1'), '/api/v1/apps/org.example.a/notes/1?full=1')
  assert.equal(of('/'), '/api/v1/apps/org.example.a/')
  for (const path of [
    '',
    'notes',
    '/../x',
    '/a/../../x',
    '/%2e%2e/x',
    '/%2E./x',
    '/..\\x',
    '/a%2f..%2fx',
    '/a%5cx',
    `/${'x'.repeat(3000)}`,
  ])
    assert.throws(() => of(path), { code: 'invalid.path' }, path)
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('/', '/../', '//', '/%2e%2e/', '/\\..\\'),
      (rest, start) => {
        try {
          const made = new URL(origin + of(start + rest))
          assert.ok(made.pathname.startsWith('/api/v1/apps/org.example.a/'))
          assert.equal(made.origin, origin)
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'invalid.path')
        }
      },
    ),
  )
})

test('an app may call the face and its own window, and nothing that has another name', () => {
  const { calls } = world()
  for (const call of ['storage.list', 'apps.list', 'shell.title', 'backend.request', 'content.open'])
    assert.ok(calls.allows(call))
  for (const call of [
    'shell.lock',
    'session.renew',
    'content.text',
    'constructor.constructor',
    'backend.start',
    'window.open',
  ])
    assert.equal(calls.allows(call), false, call)
})

test('a person is told five things in half a minute by one window, not more', async () => {
  const { calls, done, pass } = world()
  for (let i = 0; i < 5; i += 1) await calls.call('shell.notify', { title: 'Hello' }, signal)
  await assert.rejects(calls.call('shell.notify', { title: 'Hello' }, signal), { code: 'limit.notices' })
  pass(31_000)
  await calls.call('shell.notify', { title: 'Hello', text: 'Again', tone: 'shouting' }, signal)
  assert.deepEqual(done.at(-1), { title: 'Hello', text: 'Again', tone: 'plain' })
})

test('a file is saved for the person while they are in the app, with a name, and twenty in a minute', async () => {
  const { calls, done, pass, leave } = world()
  const content = new Blob(['tea'])
  const save = (input: object) => calls.call('shell.save', { name: 'tea.txt', content, ...input }, signal)
  for (const input of [{ name: '' }, { name: 'x'.repeat(256) }, { content: 'tea' }, { content: undefined }])
    await assert.rejects(save(input))
  assert.deepEqual(done, [])
  for (let i = 0; i < 20; i += 1) await save({})
  assert.deepEqual(done.at(-1), ['tea.txt', 3])
  await assert.rejects(save({}), { code: 'limit.saves' })
  pass(61_000)
  await save({})
  leave()
  await assert.rejects(save({}), { code: 'refused.save' })
  assert.equal(done.length, 21)
})

test('a request to a backend carries a known method, plain headers of a few names, and bytes', async () => {
  const { calls, done } = world()
  const ask = (input: Record<string, unknown>) => calls.call('backend.request', input, signal)
  await ask({
    path: '/a',
    method: 'PUT',
    headers: { accept: 'x', cookie: 'y', 'content-type': 'a\nb' },
    body: new Uint8Array(2),
  })
  assert.deepEqual(done, [{ path: '/a', method: 'PUT', headers: { accept: 'x' }, body: new Uint8Array(2) }])
  await assert.rejects(ask({ path: '/a', method: 'TRACE' }), { code: 'invalid.method' })
  await assert.rejects(ask({ path: '/a', body: new Uint8Array(1) }), { code: 'invalid.body' })
  await assert.rejects(ask({ path: '/a', method: 'PUT', body: 'text' }), { code: 'invalid.body' })
  await assert.rejects(ask({ path: 7 }), { code: 'invalid.text' })
  await assert.rejects(calls.call('shell.title', { title: 'x'.repeat(3000) }, signal), {
    code: 'invalid.text',
  })
})

test('a frame hands on the combinations of the shell, each as the command that it is, and nothing else', async () => {
  const { calls, done } = world()
  for (const keys of combinations) await calls.call('shell.press', { keys }, signal)
  assert.deepEqual(new Set(done), new Set([...Object.keys(keysOf), 'F6']))
  done.length = 0
  for (const keys of [
    'KeyA',
    'Shift+KeyA',
    'Ctrl+KeyC',
    'Shift+Alt+KeyL',
    'Alt+Shift+KeyQ',
    '',
    7,
    null,
    ['F6'],
    undefined,
  ])
    await assert.rejects(calls.call('shell.press', { keys }, signal), { code: 'refused.keys' })
  assert.deepEqual(done, [])
})
