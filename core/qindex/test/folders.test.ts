import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toHex } from '@anarq/bytes'
import {
  checkName,
  comparePlaced,
  createMemoryView,
  deriveFolderId,
  findCycleCuts,
  freeFolderId,
  type Named,
  type Placement,
  resolvePath,
  shownNames,
} from '@anarq/qindex'
import { folderChange, testDigest, testId, testRecord } from '@anarq/qindex/testing'
import fc from 'fast-check'
import { numberedName } from '../src/view/folders.ts'

test('names from outside are kept in NFC, or refused with a sentence', () => {
  for (const good of [
    'a',
    '.hidden',
    '...',
    'Fotos de otoño',
    'a\\b',
    ' ',
    'x'.repeat(255),
    '写'.repeat(85),
    'con\nlínea',
  ]) {
    assert.equal(checkName(good), good.normalize('NFC'))
  }
  assert.equal(checkName('Cafe\u0301'), 'Caf\u00e9')
  const bad = [
    '',
    '.',
    '..',
    'a/b',
    '/',
    'a\0',
    'x'.repeat(256),
    '写'.repeat(86),
    '\ud800',
    'a\udc00b',
    7 as unknown as string,
  ]
  for (const name of bad)
    assert.throws(() => checkName(name), { code: 'invalid.name' }, JSON.stringify(name).slice(0, 20))
})

test('numbers go before the extension, within the longest name, and never cut a character', () => {
  const table: [string, number, string][] = [
    ['photo.jpg', 2, 'photo (2).jpg'],
    ['archive.tar.gz', 3, 'archive.tar (3).gz'],
    ['README', 2, 'README (2)'],
    ['.hidden', 2, '.hidden (2)'],
    ['a.b c', 2, 'a.b c (2)'],
    ['photo (2).jpg', 2, 'photo (2) (2).jpg'],
    ['trailing.', 2, 'trailing. (2)'],
  ]
  for (const [name, number, shown] of table) assert.equal(numberedName(name, number), shown)
  for (const long of ['x'.repeat(255), `${'😀'.repeat(62)}.jpeg`, `${'写'.repeat(83)}.jpg`]) {
    const shown = numberedName(long, 12)
    assert.ok(fromUtf8(shown).length <= 255 && shown.isWellFormed() && shown.includes(' (12)'))
  }
})

const named: fc.Arbitrary<Named> = fc.record({
  id: fc.integer({ min: 0, max: 1000 }).map((n) => testId(n)),
  name: fc.constantFrom(
    'a.txt',
    'a (2).txt',
    'a (2) (2).txt',
    'b',
    'b (2)',
    `${'x'.repeat(250)}.jpg`,
    `${'x'.repeat(249)}y.jpg`,
  ),
  placed: fc.constantFrom('1', '2', '3'),
})

test('shown names are unique in a folder, the first to come keeps the name, and every replica shows the same', () => {
  fc.assert(
    fc.property(fc.uniqueArray(named, { selector: ({ id }) => toHex(id), maxLength: 14 }), (all) => {
      const carried = new Set(all.map(({ name }) => name))
      const crowded = all.filter(({ name }) => all.filter((other) => other.name === name).length > 1)
      const shown = shownNames(crowded, (name) => carried.has(name))
      assert.deepEqual(
        new Map([...shownNames(crowded.toReversed(), (name) => carried.has(name))].sort()),
        new Map([...shown].sort()),
      )
      const names = all.map(({ id, name }) => shown.get(toHex(id))?.shown ?? name)
      assert.equal(new Set(names).size, all.length)
      for (const name of carried) {
        const [first] = all.filter((one) => one.name === name).sort(comparePlaced)
        assert.equal(shown.has(toHex(first?.id as Uint8Array)), false)
      }
    }),
  )
})

test('after the cuts every folder hangs from the root folder, and each cycle lost its last move only', () => {
  const moves = fc.array(fc.record({ parent: fc.option(fc.nat(11), { nil: undefined }), moved: fc.nat(4) }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(moves, (given) => {
      const placements = new Map<string, Placement>(
        given.map(({ parent, moved }, i) => {
          const isKnown = parent !== undefined && parent < given.length
          return [String(i), { parent: isKnown ? String(parent) : undefined, moved: String(moved) }]
        }),
      )
      const cuts = findCycleCuts(placements.keys(), (folder) => placements.get(folder))
      assert.deepEqual(
        findCycleCuts([...placements.keys()].reverse(), (folder) => placements.get(folder)),
        cuts,
      )
      for (const start of placements.keys()) {
        let at: string | undefined = start
        for (let steps = 0; at !== undefined; steps += 1) {
          assert.ok(steps <= placements.size, 'a cycle is left')
          at = cuts.has(at) ? undefined : placements.get(at)?.parent
        }
      }
      for (const cut of cuts) {
        const cycle = [cut]
        for (let at = placements.get(cut)?.parent; at !== cut; at = placements.get(at as string)?.parent)
          cycle.push(at as string)
        const last = cycle.sort((a, b) => (rank(placements, a) < rank(placements, b) ? 1 : -1))[0]
        assert.equal(cut, last)
      }
    }),
    { numRuns: 300 },
  )
})

function rank(placements: ReadonlyMap<string, Placement>, folder: string): string {
  return `${placements.get(folder)?.moved} ${folder}`
}

test('a new folder never takes the id of one that was moved, renamed or put into the trash', () => {
  const secret = testDigest('secret')
  const folderId = (parent: Uint8Array | null, name: string, attempt: number) =>
    deriveFolderId(secret, parent, name, attempt)
  const view = createMemoryView()
  const first = freeFolderId(view, folderId, null, 'Photos')
  assert.equal(first.isThere, false)
  const change = folderChange('Photos', { id: first.id })
  view.apply([testRecord(change)], undefined)
  assert.deepEqual(freeFolderId(view, folderId, null, 'Photos'), { id: first.id, isThere: true })
  for (const set of [{ name: 'Old photos' }, { parent: testId('x'), name: 'Photos' }, { trashedMs: 4 }]) {
    const moved = createMemoryView()
    moved.apply(
      [testRecord(folderChange('x')), testRecord({ ...change, set: { ...change.set, ...set } }, 2)],
      undefined,
    )
    const second = freeFolderId(moved, folderId, null, 'Photos')
    assert.equal(second.isThere, false)
    assert.notDeepEqual(second.id, first.id)
    moved.apply([testRecord(folderChange('Photos', { id: second.id }), 3)], undefined)
    assert.deepEqual(freeFolderId(moved, folderId, null, 'Photos'), { id: second.id, isThere: true })
    assert.deepEqual((resolvePath(moved, '/Photos') as { id: Uint8Array }).id, second.id)
  }
})
