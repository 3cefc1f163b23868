import assert from 'node:assert/strict'
import { test } from 'node:test'
import { browserName } from '../src/client/browser-name.ts'
import { lastPreferences, rememberPreferences, type Store } from '../src/client/preferences.ts'
import { nextNotices, noNotices, noticesMax } from '../src/shell/notices.ts'

function storeOf(entries: Record<string, string> = {}): Store {
  const map = new Map(Object.entries(entries))
  return { getItem: (name) => map.get(name) ?? null, setItem: (name, value) => void map.set(name, value) }
}

test('the first picture is that of whoever was here last, and nothing else is in the browser', () => {
  const kept = new Map<string, string>()
  const store: Store = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
  }
  const ada = { theme: 'dark', contrast: 'more', motion: 'reduced', locale: 'es' } as const
  rememberPreferences(store, ada)
  rememberPreferences(store, { ...ada, theme: 'light' })
  assert.deepEqual(lastPreferences(store, ['en']), { ...ada, theme: 'light' })
  assert.equal(kept.size, 1)
})

test('what was tampered with, or cannot be read, gives the usual tastes in the language of the reader', () => {
  const usual = { theme: 'system', contrast: 'system', motion: 'system', locale: 'es' }
  for (const stored of ['{', '7', 'null', '{"theme":"<script>","locale":["en"]}', `"${'x'.repeat(200_000)}"`])
    assert.deepEqual(lastPreferences(storeOf({ 'anarq.preferences.last': stored }), ['es-AR']), usual)
  const forbidden: Store = {
    getItem: () => {
      throw new Error('SecurityError')
    },
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
  }
  const read = lastPreferences(forbidden, ['es'])
  rememberPreferences(forbidden, read)
  assert.deepEqual(read, usual)
})

test('a browser is called what people call it', () => {
  assert.equal(
    browserName('Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0'),
    'Firefox on Linux',
  )
  assert.equal(browserName(''), 'A browser')
})

test('notifications have an end: so many, so long, three at once', () => {
  let notices = noNotices
  for (let turn = 0; turn < noticesMax + 20; turn += 1)
    notices = nextNotices(notices, {
      do: 'add',
      notice: { title: 'x'.repeat(9000), text: 'y'.repeat(9000) },
      atMs: turn,
    })
  assert.equal(notices.all.length, noticesMax)
  assert.equal(notices.toasts.length, 3)
  assert.ok((notices.all[0]?.title.length ?? 0) <= 120 && (notices.all[0]?.text?.length ?? 0) <= 400)
  notices = nextNotices(notices, { do: 'read' })
  assert.deepEqual([notices.unread, notices.toasts, notices.all.length], [0, [], noticesMax])
})
