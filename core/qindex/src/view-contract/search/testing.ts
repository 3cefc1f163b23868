import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileChange, folderChange, testId, testRecord } from '../../fixtures.ts'
import type { FieldValue } from '../../record/record.ts'
import type { Query, View } from '../../view/view.ts'
import { apply, names, type OpenView, use } from '../claims.ts'

/** What is found, and in which order. */
export function testSearch(name: string, open: OpenView): void {
  const shelf = () => [
    fileChange('Canción de otoño.mp3', {
      set: { type: 'audio/mpeg', bytes: 5000, modifiedMs: 300, 'tag/música': true },
    }),
    fileChange('holiday-2026 beach.jpg', {
      set: { type: 'image/jpeg', bytes: 3000, modifiedMs: 200, 'tag/summer': true },
    }),
    fileChange('notes.txt', {
      set: { bytes: 10, modifiedMs: 100, words: 'the beach was empty', owner: 'did:test:ana' },
    }),
    fileChange('東京の写真.png', {
      set: { type: 'image/png', bytes: 4000, modifiedMs: 400, note: 'Straße & crème brûlée' },
    }),
    folderChange('Summer', { set: { modifiedMs: 250 } }),
  ]
  const fill = (view: View) =>
    apply(view, ...shelf().map(({ id, kind, set }) => testRecord({ id, kind, set: withoutVersions(set) })))

  const texts: [string, string[]][] = [
    ['cancion', ['Canción de otoño.mp3']],
    ['OTOÑO', ['Canción de otoño.mp3']],
    ['oton canc', ['Canción de otoño.mp3']],
    ['ancion', []],
    ['beach', ['holiday-2026 beach.jpg', 'notes.txt']],
    ['beach empty', ['notes.txt']],
    ['beach nowhere', []],
    ['2026', ['holiday-2026 beach.jpg']],
    ['summer', ['holiday-2026 beach.jpg', 'Summer']],
    ['musica', ['Canción de otoño.mp3']],
    ['東京', ['東京の写真.png']],
    ['写真', ['東京の写真.png']],
    ['creme brulee', ['東京の写真.png']],
    ['brûlée, crème!', ['東京の写真.png']],
    ['mp3', ['Canción de otoño.mp3']],
    ['???', []],
    ['"', []],
    ["'; drop", []],
    ['be* OR empty', []],
  ]
  test(`${name}: AQ-QINDEX-12: words and beginnings of words are found whatever their case and accents`, async () => {
    await use(open, (view) => {
      fill(view)
      for (const [text, found] of texts) {
        assert.deepEqual(names(view.search({ text })).sort(), [...found].sort(), text)
        assert.equal(view.count({ text }), found.length, text)
      }
      assert.equal(view.search({ text: ' ' }).length, 5, 'no words, no filter')
    })
  })

  const filters: [Query, string[]][] = [
    [{ tag: 'summer' }, ['holiday-2026 beach.jpg']],
    [{ tag: 'Summer' }, []],
    [{ type: 'image/jpeg' }, ['holiday-2026 beach.jpg']],
    [{ type: 'image/*' }, ['holiday-2026 beach.jpg', '東京の写真.png']],
    [{ owner: 'did:test:ana' }, ['notes.txt']],
    [{ kind: 'folder' }, ['Summer']],
    [{ from: 200, to: 300 }, ['Summer', 'holiday-2026 beach.jpg']],
    [{ from: 300 }, ['Canción de otoño.mp3', '東京の写真.png']],
    [{ type: 'image/*', to: 400, text: 'holi' }, ['holiday-2026 beach.jpg']],
    [{ parent: testId('Summer') }, []],
  ]
  test(`${name}: AQ-QINDEX-12: tag, type, owner, kind, time and folder narrow a search`, async () => {
    await use(open, (view) => {
      fill(view)
      for (const [query, found] of filters) {
        assert.deepEqual(names(view.search(query)).sort(), [...found].sort(), JSON.stringify(query))
        assert.equal(view.count(query), found.length)
      }
    })
  })

  test(`${name}: records of a kind that the drive does not know are found by it, in pages, and by no other`, async () => {
    await use(open, (view) => {
      fill(view)
      const grant = (id: string, set: Record<string, string> = {}, kind = 'grant') =>
        testRecord({ id: testId(id), kind, set: { name: id, ...set } })
      apply(view, grant('b'), grant('a'), grant('c', {}, 'status'))
      assert.deepEqual(names(view.search({ kind: 'grant' })), ['a', 'b'])
      assert.deepEqual(names(view.search({ kind: 'grant', limit: 1, offset: 1 })), ['b'])
      assert.deepEqual(names(view.search({ kind: 'status' })), ['c'])
      assert.deepEqual(view.search({ kind: 'nothing' }), [])
      apply(view, testRecord({ id: testId('d'), kind: 'grant', set: { name: 'd' } }))
      assert.deepEqual(names(view.search({ kind: 'grant' })), ['a', 'b', 'd'])
      assert.deepEqual(names(view.search({ kind: 'grant', isReversed: true })), ['d', 'b', 'a'])
    })
  })

  test(`${name}: results come by name, time, size or relevance, forwards or backwards, in pages`, async () => {
    await use(open, (view) => {
      fill(view)
      const byName = [
        'Canción de otoño.mp3',
        'holiday-2026 beach.jpg',
        'notes.txt',
        'Summer',
        '東京の写真.png',
      ]
      assert.deepEqual(names(view.search({})), byName)
      assert.deepEqual(names(view.search({ isReversed: true })), [...byName].reverse())
      assert.deepEqual(names(view.search({ limit: 2, offset: 1 })), byName.slice(1, 3))
      assert.equal(view.count({ limit: 2, offset: 1 }), 5)
      assert.deepEqual(view.search({ offset: 5 }), [])
      const times = view.search({ order: 'time' }).map(({ modifiedMs }) => modifiedMs)
      assert.deepEqual(times, [400, 300, 250, 200, 100])
      const sizes = view.search({ order: 'size', isReversed: true }).map(({ bytes }) => bytes)
      assert.deepEqual(sizes, [0, 10, 3000, 4000, 5000])
      assert.deepEqual(
        names(view.search({ text: 'beach' })),
        ['holiday-2026 beach.jpg', 'notes.txt'],
        'a name counts more',
      )
      assert.deepEqual(names(view.search({ text: 'summer' })), ['Summer', 'holiday-2026 beach.jpg'])
    })
  })
}

function withoutVersions(set: Readonly<Record<string, FieldValue>>): Record<string, FieldValue> {
  return Object.fromEntries(Object.entries(set).filter(([name]) => !name.startsWith('v/')))
}
