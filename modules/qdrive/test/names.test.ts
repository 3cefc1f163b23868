import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Answer, type Coming, conflictsOf, settled } from '../ui/logic/conflicts.ts'
import type { Entry } from '../ui/logic/entry.ts'
import { isPassing, wordsOf } from '../ui/logic/faults.ts'
import { formatSize } from '../ui/logic/format.ts'
import { kindOf, previewOf, safeType } from '../ui/logic/kinds.ts'
import { freeName, middleOf, problemOfName, splitName } from '../ui/logic/names.ts'
import { canMove, crumbsOf, isInside, join, nameOf, parentOf } from '../ui/logic/paths.ts'
import {
  argumentOf,
  back,
  begin,
  fileOfArgument,
  forward,
  go,
  placeOfArgument,
  root,
} from '../ui/logic/place.ts'
import { sortBy, sorted } from '../ui/logic/sorting.ts'

test('a name that is taken gets a number before its ending, and a number counts on', () => {
  assert.equal(freeName('a.txt', new Set()), 'a.txt')
  assert.equal(freeName('a.txt', new Set(['a.txt'])), 'a (2).txt')
  assert.equal(freeName('a (2).txt', new Set(['a (2).txt'])), 'a (3).txt')
  assert.equal(freeName('b.tar.gz', new Set(['b.tar.gz', 'b (2).tar.gz'])), 'b (3).tar.gz')
  assert.equal(freeName('.profile', new Set(['.profile'])), '.profile (2)')
})

test('whatever is taken, the free name is not, can be kept, and ends as before', () => {
  const name = fc
    .string({ minLength: 1, maxLength: 300, unit: 'grapheme' })
    .filter((one) => problemOfName(one) === undefined && one === one.trim().normalize('NFC'))
  fc.assert(
    fc.property(name, fc.array(name), (wanted, others) => {
      const taken = new Set([...others, wanted])
      const free = freeName(wanted, taken)
      assert.ok(!taken.has(free))
      assert.equal(problemOfName(free), undefined)
      assert.equal(splitName(free).ending, splitName(wanted).ending)
    }),
  )
})

test('what cannot be a name is said with its reason', () => {
  const taken = new Set(['here'])
  const cases: [string, string | undefined][] = [
    ['', 'empty'],
    ['  ', 'empty'],
    ['a/b', 'slash'],
    ['..', 'dots'],
    ['a\u0000', 'control'],
    ['ü'.repeat(128), 'long'],
    ['here', 'taken'],
    ['<img onerror=x>', undefined],
  ]
  for (const [name, problem] of cases) assert.equal(problemOfName(name, taken), problem, name)
})

test('a long name keeps its end in sight', () => {
  const { start, end } = middleOf('A report that is very long and has a number 12.pdf')
  assert.equal(start + end, 'A report that is very long and has a number 12.pdf')
  assert.ok(end.endsWith('12.pdf'))
})

test('paths come apart and together again', () => {
  assert.equal(join('/', 'a'), '/a')
  assert.equal(join('/a', 'b'), '/a/b')
  assert.deepEqual([parentOf('/a'), parentOf('/a/b'), nameOf('/a/b')], ['/', '/a', 'b'])
  assert.deepEqual(
    crumbsOf('/a/b').map(({ path }) => path),
    ['/a', '/a/b'],
  )
  assert.ok(isInside('/a/b', '/a') && !isInside('/ab', '/a') && isInside('/x', '/'))
  assert.ok(!canMove(['/a'], '/a/b') && !canMove(['/a/b'], '/a') && canMove(['/a/b'], '/'))
})

test('back and forward go the way one came; typing a search is one step', () => {
  let trail = go(go(begin(root), { at: 'folder', path: '/a' }), { at: 'trash' })
  trail = back(trail)
  assert.deepEqual(trail.here, { at: 'folder', path: '/a' })
  assert.deepEqual(forward(trail).here, { at: 'trash' })
  assert.equal(go(trail, root).ahead.length, 0)
  const searched = go(go(trail, { at: 'search', text: 'a' }), { at: 'search', text: 'ab' })
  assert.deepEqual(back(searched).here, { at: 'folder', path: '/a' })
  assert.deepEqual(placeOfArgument('/photos'), { at: 'folder', path: '/photos' })
  assert.deepEqual(placeOfArgument('x'), root)
})

test('a window is opened for a folder, or for a file in one, and a name with a colon is a name', () => {
  for (const [kind, path, place, file] of [
    ['folder', '/a/b', '/a/b', undefined],
    ['file', '/a/b.txt', '/a', '/a/b.txt'],
    ['file', '/file:x', '/', '/file:x'],
    ['folder', '/file:', '/file:', undefined],
  ] as const) {
    const argument = argumentOf({ kind, path })
    assert.deepEqual(placeOfArgument(argument), { at: 'folder', path: place })
    assert.equal(fileOfArgument(argument), file)
  }
  assert.deepEqual([placeOfArgument('file:'), fileOfArgument('file:x')], [root, undefined])
})

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  id: name,
  kind: 'file',
  name,
  path: `/${name}`,
  type: '',
  bytes: 0,
  modifiedMs: 0,
  tags: [],
  versions: 1,
  isTrashed: false,
  ...more,
})

test('folders stand first, and names stand as people count', () => {
  const all = [entry('b10'), entry('b2'), entry('z', { kind: 'folder' }), entry('Ä'), entry('a')]
  assert.deepEqual(
    sorted(all, { key: 'name', isDown: false }, 'en').map(({ name }) => name),
    ['z', 'a', 'Ä', 'b2', 'b10'],
  )
  assert.deepEqual(
    sorted(all, { key: 'name', isDown: true }, 'en').map(({ name }) => name),
    ['z', 'b10', 'b2', 'Ä', 'a'],
  )
  assert.deepEqual(sortBy({ key: 'name', isDown: false }, 'size'), { key: 'size', isDown: true })
})

test('[AQ-QDRIVE-1] each kind has its preview, and nothing that runs is given to the browser as such', () => {
  const of = (name: string, type: string) => previewOf(entry(name, { type, bytes: 10 }))
  assert.equal(of('a.md', 'text/markdown'), 'markdown')
  assert.equal(of('a.html', 'text/html'), 'text')
  assert.equal(of('a.csv', 'text/csv'), 'text')
  assert.equal(of('a.svg', 'image/svg+xml'), 'image')
  assert.equal(of('a.pdf', 'application/pdf'), 'pdf')
  assert.equal(of('a.docx', 'application/x'), 'none')
  // A player takes a film piece by piece; a picture has to be held whole.
  assert.equal(previewOf(entry('a.mp4', { type: 'video/mp4', bytes: 1e12 })), 'video')
  assert.equal(previewOf(entry('a.png', { type: 'image/png', bytes: 1e12 })), 'none')
  assert.equal(kindOf(entry('x', { kind: 'folder' })), 'folder')
  assert.equal(safeType('text/html', 'image'), 'application/octet-stream')
  assert.equal(safeType('video/mp4; codecs=x', 'video'), 'video/mp4')
})

const coming = (path: string, isFolder = false): Coming => ({ path, isFolder })
const known = new Map<string, ReadonlyMap<string, 'file' | 'folder'>>([
  [
    '/',
    new Map<string, 'file' | 'folder'>([
      ['a.txt', 'file'],
      ['docs', 'folder'],
      ['thing', 'folder'],
    ]),
  ],
  ['/docs', new Map<string, 'file' | 'folder'>([['b.txt', 'file']])],
])

test('only files whose name is there are asked for; folders become one', () => {
  const items = [
    coming('/a.txt'),
    coming('/new.txt'),
    coming('/docs', true),
    coming('/docs/b.txt'),
    coming('/docs/c.txt'),
  ]
  assert.deepEqual(
    conflictsOf(items, known).map(({ item }) => item.path),
    ['/a.txt', '/docs/b.txt'],
  )
})

test('new version, keep both and skip do what they say', () => {
  const paths = (answer: Answer) =>
    settled([coming('/a.txt'), coming('/n.txt')], known, () => answer).map(({ path }) => path)
  assert.deepEqual(paths('version'), ['/a.txt', '/n.txt'])
  assert.deepEqual(paths('both'), ['/a (2).txt', '/n.txt'])
  assert.deepEqual(paths('skip'), ['/n.txt'])
})

test('a file never becomes a version of a folder, and a folder that had to give way takes its content along', () => {
  const items = [coming('/a.txt', true), coming('/a.txt/x'), coming('/thing')]
  assert.deepEqual(
    settled(items, known, () => 'version').map(({ path }) => path),
    ['/a (2).txt', '/thing (2)', '/a (2).txt/x'],
  )
  assert.deepEqual(
    settled(items, known, () => 'skip'),
    [],
  )
})

test('faults have our words where there are some, else the sentence of the system', () => {
  assert.equal(wordsOf({ code: 'unavailable.full', message: 'x' }).key, 'fault.full')
  assert.equal(wordsOf({ code: 'missing.object', message: 'x' }).key, 'fault.missing')
  assert.deepEqual(wordsOf({ code: 'invalid.name', message: 'Why.' }), {
    code: 'invalid.name',
    key: undefined,
    sentence: 'Why.',
  })
  assert.ok(isPassing('unavailable.node') && !isPassing('missing.object'))
})

test('sizes are short', () => {
  assert.deepEqual(
    [0, 999, 1000, 15_300, 999_999, 3_456_000_000].map((one) => formatSize(one, 'en')),
    ['0 B', '999 B', '1 KB', '15.3 KB', '1 MB', '3.5 GB'],
  )
})
