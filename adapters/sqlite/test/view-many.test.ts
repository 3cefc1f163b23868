import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryView, type FieldValue, type IndexRecord, type Query, type View } from '@anarq/qindex'
import { fileChange, folderChange, testDigest, testId, testRecord } from '@anarq/qindex/testing'
import { createSeededRandom } from '@anarq/random/testing'
import { createSqliteView } from '@anarq/sqlite'

const words = ['sand', 'sea', 'sun', 'salt']
const entries = 6000
const folders = 30

/** `sand` is in every second text; a few names hold `zebra`. */
function someRecords(): IndexRecord[] {
  const random = createSeededRandom(9)
  const below = (limit: number) => new DataView(random.bytes(4).buffer).getUint32(0) % limit
  const word = () => words[below(words.length)] as string
  return Array.from({ length: entries }, (_, at) => {
    if (at < folders) {
      const parent = at === 0 ? null : testId('folder 0')
      return testRecord(folderChange(`folder ${at}`, { parent }), at + 1)
    }
    const set: Record<string, FieldValue> = {
      type: ['image/png', 'image/jpeg', 'text/plain'][below(3)] as string,
      bytes: below(1000),
      modifiedMs: below(1000),
      owner: `did:test:${below(3)}`,
      words: below(2) === 0 ? `${word()} ${word()}` : 'nothing',
      [below(40) === 0 ? 'tag/rare' : 'tag/red']: true,
      [`tag/${word()}`]: true,
      trashedMs: below(10) === 0 ? 5 : null,
    }
    const name = `${word()}${below(4) === 0 ? 'y' : ''} ${below(100) === 0 ? 'zebra' : ''} ${below(2000)}.jpg`
    return testRecord(
      fileChange(name, { id: testId(at), parent: testId(`folder ${below(folders)}`), set }),
      at + 1,
    )
  })
}

const filters: Query[] = [
  {},
  { tag: 'red' },
  { tag: 'rare' },
  { type: 'image/*', owner: 'did:test:1' },
  { from: 100, to: 900 },
  { from: 500, to: 505 },
  { isTrashed: false },
  { kind: 'folder' },
  { below: testId('folder 0'), tag: 'red' },
  { parent: testId('folder 3') },
]
const texts = [
  // Every entry has a tag that begins with it, and no name does.
  'r',
  'r sand',
  'sand',
  'sandy',
  'sand sea',
  'sand sand sea',
  's',
  'sa',
  'zebra',
  'zebra sand',
  '1',
  'su 1',
  'jpg s',
  'no',
]
const orders: Query[] = [
  {},
  { order: 'name', offset: 40 },
  { order: 'time', limit: 20 },
  { order: 'size', isReversed: true },
  { isReversed: true },
  { limit: 300, offset: 700 },
]

test('AQ-QINDEX-12: among thousands of entries it finds what the memory view finds, in the same order, common words too', () => {
  const [view, model] = [createSqliteView(), createMemoryView()]
  const records = someRecords()
  for (const one of [view, model]) fill(one, records)
  for (const filter of filters) {
    for (const order of orders) assertFound(view, model, { ...filter, ...order })
    assert.equal(view.count(filter), model.count(filter))
  }
  for (const text of texts) {
    for (const order of orders) assertFound(view, model, { text, ...order })
    assert.equal(view.count({ text }), model.count({ text }))
  }
  for (const text of ['sand', 'sea 1']) {
    for (const filter of filters) assertFound(view, model, { text, ...filter, limit: 30 })
  }
  for (let i = 0; i < folders; i += 1) {
    const id = testId(`folder ${i}`)
    assert.deepEqual(view.children(id, { limit: 500 }), model.children(id, { limit: 500 }))
  }
  view.close()
})

test('a text of a thousand words is looked for, and one of more is refused', () => {
  const view = createSqliteView()
  const many = Array.from({ length: 1000 }, (_, i) => `w${i}`).join(' ')
  view.apply([testRecord(fileChange('a.txt', { set: { words: `${many} and more` } }))], testDigest(1))
  assert.equal(view.search({ text: many }).length, 1)
  assert.equal(view.count({ text: many }), 1)
  assert.throws(() => view.search({ text: `${many} w1000` }), { code: 'limit.query' })
  view.close()
})

test('limits and offsets are taken as whole numbers', () => {
  const view = createSqliteView()
  view.apply(
    Array.from({ length: 25 }, (_, at) => testRecord(fileChange(`n${at}.txt`))),
    testDigest(1),
  )
  assert.equal(view.search({ limit: 2.9 }).length, 2)
  for (const limit of [0, Number.NaN]) assert.deepEqual(view.search({ limit }), [])
  assert.equal(view.search({ limit: Number.POSITIVE_INFINITY, offset: -5 }).length, 25)
  assert.equal(view.children(null, { limit: Number.POSITIVE_INFINITY, offset: 5.5 }).length, 20)
  view.close()
})

function fill(view: View, records: readonly IndexRecord[]): void {
  for (let from = 0; from < records.length; from += 2000) {
    view.apply(records.slice(from, from + 2000), testDigest(from))
    view.children(null)
  }
}

function assertFound(view: View, model: View, query: Query): void {
  const ids = (one: View) => one.search(query).map(({ id, name }) => `${id.toHex()} ${name}`)
  assert.deepEqual(ids(view), ids(model), JSON.stringify(query))
}

test('the full text can be prepared a piece at a time', () => {
  const view = createSqliteView()
  assert.equal(view.prepareSearch(10), 0)
  const files = Array.from({ length: 4500 }, (_, at) => testRecord(fileChange(`n${at}.txt`)))
  view.apply(files, testDigest(1))
  assert.equal(view.prepareSearch(10), 2500)
  assert.equal(view.count({ text: 'n4499' }), 1)
  view.apply([testRecord(fileChange('n1234.txt', { set: { name: 'other.txt' } }), 2)], testDigest(2))
  assert.equal(view.prepareSearch(10), 0)
  assert.deepEqual([view.count({ text: 'n1234' }), view.count({ text: 'other' })], [0, 1])
  view.close()
})
