import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import {
  compareText,
  type FieldValue,
  foldText,
  joinRecords,
  readFile,
  readFolder,
  searchWords,
  versionField,
} from '@anarq/qindex'
import { fileChange, folderChange, testDigest, testId, testRecord, testVersion } from '@anarq/qindex/testing'
import fc from 'fast-check'

test('a file reads as its fields, with unknown ones left alone', () => {
  const set = {
    mode: 420,
    owner: 'did:test:me',
    'tag/b': true,
    'tag/a': true,
    'tag/c': null,
    words: 'w',
    note: 'n',
    locked: true,
    camera: { maker: 'Nikon' },
  }
  const file = readFile(testRecord(fileChange('a.txt', { parent: testId('folder'), set })))
  const { versions, ...fields } = file
  assert.deepEqual(fields, {
    id: testId('a.txt'),
    name: 'a.txt',
    parent: testId('folder'),
    type: 'text/plain',
    bytes: 100,
    modifiedMs: 1_767_225_600_000,
    createdMs: 1_767_225_600_000,
    mode: 420,
    owner: 'did:test:me',
    words: 'w',
    note: 'n',
    tags: ['a', 'b'],
    isDecoy: false,
    isLocked: true,
  })
  assert.equal(versions.length, 1)
  assert.equal(versions[0]?.sequence, 1)
  assert.equal('trashedMs' in readFile(testRecord(fileChange('a', { set: { trashedMs: null } }))), false)
  assert.equal(readFile(testRecord(fileChange('a', { set: { trashedMs: 5, decoy: true } }))).trashedMs, 5)
  assert.equal(readFolder(testRecord(folderChange('f'))).parent, null)
})

test('AQ-QDRIVE-13: versions are listed newest first; a purged one is gone; bytes are those of the newest', () => {
  const cids = ['one', 'two', 'three'].map((name) => cidOfDigest(cborCodec, testDigest(name)))
  let record = testRecord(fileChange('a.txt', { set: { bytes: 1 } }))
  for (const [i, cid] of cids.entries()) {
    const set = { [versionField(i + 2, cid)]: testVersion(cid, { bytes: 10 * (i + 1) }) }
    record = joinRecords(record, testRecord({ id: record.id, kind: 'file', set }, i + 2))
  }
  assert.deepEqual(
    readFile(record).versions.map(({ sequence }) => sequence),
    [4, 3, 2, 1],
  )
  assert.equal(readFile(record).bytes, 30)
  const purge = { [versionField(4, cids[2] as never)]: null }
  record = joinRecords(record, testRecord({ id: record.id, kind: 'file', set: purge }, 9))
  assert.deepEqual(
    readFile(record).versions.map(({ sequence }) => sequence),
    [3, 2, 1],
  )
  assert.equal(readFile(record).bytes, 20)
})

test('a record that is not what it says is refused', () => {
  const other = cidOfDigest(cborCodec, testDigest('other'))
  const refused: Record<string, FieldValue>[] = [
    { name: 7 },
    { name: null },
    { name: 'a/b' },
    { name: 'Cafe\u0301' },
    { parent: 'root' },
    { parent: new Uint8Array(15) },
    { bytes: -1, [versionField(1, cidOfDigest(cborCodec, testDigest('a.txt')))]: null },
    { createdMs: 1.5 },
    { mode: 'rw' },
    { owner: 7 },
    { 'tag/x': 'yes' },
    { decoy: 1 },
    { locked: 1 },
    { trashedMs: 'now' },
    { 'v/0000000002/0000000000000000': testVersion(other) },
    { [versionField(2, other)]: 'gone' },
    { [versionField(2, other)]: testVersion(other, { bytes: 'many' }) },
    { [versionField(2, other)]: testVersion(other, { root: new Uint8Array(3) }) },
  ]
  for (const set of refused) {
    assert.throws(
      () => readFile(testRecord(fileChange('a.txt', { set }))),
      { code: 'invalid.record' },
      JSON.stringify(set),
    )
  }
  assert.throws(() => readFile(testRecord(folderChange('f'))), { code: 'invalid.record' })
  assert.throws(() => readFolder(testRecord(fileChange('f'))), { code: 'invalid.record' })
})

test('folding takes away case, accents and forms, and folding twice is folding once', () => {
  const table: [string, string[]][] = [
    ['Canción de OTOÑO', ['cancion', 'de', 'otono']],
    ['ﬁle №5 ½', ['file', 'no5', '1', '2']],
    ['İstanbul', ['istanbul']],
    ['snake_case-and.dots', ['snake', 'case', 'and', 'dots']],
    ['東京タワーtower', ['東', '京', 'タ', 'ワ', 'ー', 'tower']],
    ['Москва', ['москва']],
    ['', []],
    ['—', []],
  ]
  for (const [text, words] of table) assert.deepEqual(searchWords(text), words, text)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(foldText(foldText(text)), foldText(text))
    }),
  )
})

const someText = fc
  .array(fc.constantFrom('a', 'z', 'é', '写', '\ue000', '\uff5e', '😀', '\u{10ffff}'), { maxLength: 4 })
  .map((characters) => characters.join(''))

test('text is ordered as its UTF-8 bytes are', () => {
  fc.assert(
    fc.property(someText, someText, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right))
      assert.equal(Math.sign(compareText(left, right)), bytes)
    }),
  )
  assert.ok(compareText('\uff5e', '😀') < 0)
})
