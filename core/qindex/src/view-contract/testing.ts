import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import { fileChange, folderChange, testDigest, testId, testRecord, testVersion } from '../fixtures.ts'
import type { FieldValue } from '../record/record.ts'
import { versionField } from '../view/drive-record.ts'
import { pathOf, resolvePath } from '../view/paths.ts'
import type { Entry } from '../view/view.ts'
import { apply, names, type OpenView, use } from './claims.ts'
import { testAgainstMemory } from './model/testing.ts'
import { testSearch } from './search/testing.ts'

/** The tests that every implementation of `View` passes. Call it at the top of a test file. */
export function testView(name: string, open: OpenView): void {
  testEntries(name, open)
  testTree(name, open)
  testConflicts(name, open)
  testSearch(name, open)
  testAgainstMemory(name, open)
}

function testEntries(name: string, open: OpenView): void {
  test(`${name}: an empty view has nothing and reflects no root`, async () => {
    await use(open, (view) => {
      assert.equal(view.root(), undefined)
      assert.equal(view.entry(testId('x')), undefined)
      assert.deepEqual(view.children(null), [])
      assert.deepEqual(view.childByName(null, 'x'), [])
      assert.deepEqual(view.search({}), [])
      assert.equal(view.count(), 0)
    })
  })

  test(`${name}: a file comes back with all that people see of it`, async () => {
    await use(open, (view) => {
      const set = {
        mode: 420,
        owner: 'did:test:me',
        words: 'sand sea',
        note: 'ours',
        'tag/b': true,
        'tag/a': true,
        'tag/c': null,
        decoy: true,
        locked: true,
      }
      const folder = folderChange('photos')
      const file = fileChange('beach.jpg', { parent: folder.id, set })
      apply(view, testRecord(folder), testRecord(file))
      assert.deepEqual(view.entry(file.id), {
        id: file.id,
        kind: 'file',
        name: 'beach.jpg',
        parent: folder.id,
        type: 'text/plain',
        bytes: 100,
        modifiedMs: 1_767_225_600_000,
        createdMs: 1_767_225_600_000,
        owner: 'did:test:me',
        tags: ['a', 'b'],
        words: 'sand sea',
        note: 'ours',
        isTrashed: false,
        isDecoy: true,
        isLocked: true,
        versions: 1,
      })
    })
  })

  test(`${name}: applying notes the root, replaces what was there, and twice is once`, async () => {
    await use(open, (view) => {
      const id = testId('one')
      const records = [testRecord(fileChange('old.txt', { id }))]
      view.apply(records, testDigest('root 1'))
      view.apply([testRecord(fileChange('new.txt', { id }), 2)], testDigest('root 2'))
      view.apply([testRecord(fileChange('new.txt', { id }), 2)], testDigest('root 2'))
      assert.deepEqual(view.root(), testDigest('root 2'))
      assert.deepEqual(names(view.children(null)), ['new.txt'])
      assert.deepEqual(names(view.search({ text: 'old' })), [])
      assert.equal(view.count(), 1)
    })
  })

  test(`${name}: a view that can be emptied has nothing afterwards and fills again`, async () => {
    await use(open, (view) => {
      const records = [
        testRecord(folderChange('a')),
        testRecord(fileChange('b.txt', { parent: testId('a') })),
      ]
      apply(view, ...records)
      if (view.clear === undefined) return
      view.clear()
      assert.deepEqual([view.root(), view.count(), view.children(null)], [undefined, 0, []])
      apply(view, ...records)
      assert.equal(pathOf(view, testId('b.txt')), '/a/b.txt')
    })
  })

  test(`${name}: AQ-QINDEX-4: records of any kind with any fields are kept and found`, async () => {
    await use(open, (view) => {
      const contact = {
        id: testId('ana'),
        kind: 'contact',
        set: { name: 'Ana', city: 'Vigo', born: 1990, more: { a: [1] } },
      }
      apply(view, testRecord(contact), testRecord(fileChange('a.txt', { set: { camera: 'Nikon' } })))
      assert.deepEqual(names(view.search({ field: { name: 'city', value: 'Vigo' } })), ['Ana'])
      assert.deepEqual(names(view.search({ field: { name: 'camera', value: 'Nikon' } })), ['a.txt'])
      assert.deepEqual(view.search({ field: { name: 'city', value: 'vigo' } }), [], 'exactly')
      assert.deepEqual(names(view.search({ kind: 'contact' })), ['Ana'])
      assert.deepEqual(names(view.children(null)), ['a.txt'], 'a contact lies in no folder')
      assert.equal('parent' in (view.entry(contact.id) as Entry), false)
      assert.equal(pathOf(view, contact.id), undefined)
    })
  })

  test(`${name}: fields of a wrong type hide nothing: the entry is there without them`, async () => {
    await use(open, (view) => {
      const set = {
        name: 7,
        parent: 'up',
        bytes: 'many',
        modifiedMs: -1,
        owner: null,
        'tag/x': 'yes',
        'v/0000000002/00': 3,
      }
      const slash = fileChange('slash', { set: { name: 'a/b' } })
      const odd = fileChange('odd', { set: set as unknown as Record<string, FieldValue> })
      apply(view, testRecord(odd), testRecord(slash))
      assert.equal(view.children(null).length, 2)
      const entry = view.entry(odd.id) as Entry
      assert.equal(entry.name, `unnamed ${toHex(odd.id.subarray(0, 4))}`)
      assert.deepEqual([entry.bytes, entry.tags, entry.parent, entry.owner], [100, [], null, undefined])
      assert.equal(view.entry(slash.id)?.name, `unnamed ${toHex(slash.id.subarray(0, 4))}`)
    })
  })

  test(`${name}: AQ-QINDEX-5: the digest of any version leads to its object; a purged version is gone`, async () => {
    await use(open, (view) => {
      const [one, two] = [
        cidOfDigest(cborCodec, testDigest('one')),
        cidOfDigest(cborCodec, testDigest('two')),
      ]
      const id = testId('file')
      const both = {
        [versionField(1, one)]: testVersion(one),
        [versionField(2, two)]: testVersion(two, { bytes: 222 }),
      }
      const record = testRecord({ id, kind: 'file', set: { name: 'a.txt', parent: null, ...both } })
      apply(view, record, testRecord(fileChange('other.txt')))
      assert.deepEqual([view.entry(id)?.versions, view.entry(id)?.bytes], [2, 222])
      assert.deepEqual(names(view.search({ version: testDigest('one') })), ['a.txt'])
      assert.deepEqual(view.search({ version: testDigest('three') }), [])
      apply(
        view,
        testRecord(
          { id, kind: 'file', set: { name: 'a.txt', parent: null, ...both, [versionField(1, one)]: null } },
          2,
        ),
      )
      assert.equal(view.entry(id)?.versions, 1)
      assert.deepEqual(view.search({ version: testDigest('one') }), [])
    })
  })
}

function testTree(name: string, open: OpenView): void {
  test(`${name}: children are folders first, then by name, in pages`, async () => {
    await use(open, (view) => {
      const given = ['b.txt', 'Álbum.txt', 'a.txt', 'zoo', 'Zebra', 'c.txt']
      for (const one of given)
        apply(view, testRecord(one.includes('.') ? fileChange(one) : folderChange(one)))
      const sorted = ['Zebra', 'zoo', 'a.txt', 'Álbum.txt', 'b.txt', 'c.txt']
      assert.deepEqual(names(view.children(null)), sorted)
      assert.deepEqual(names(view.children(null, { limit: 2, offset: 3 })), sorted.slice(3, 5))
      assert.deepEqual(view.children(null, { offset: 6 }), [])
    })
  })

  test(`${name}: a path leads to its entry and back, and to nothing where there is nothing`, async () => {
    await use(open, (view) => {
      const [a, b] = [folderChange('a'), folderChange('b', { parent: testId('a') })]
      const file = fileChange('file.txt', { parent: b.id })
      apply(view, testRecord(file), testRecord(b), testRecord(a))
      assert.equal(pathOf(view, file.id), '/a/b/file.txt')
      assert.deepEqual((resolvePath(view, '/a/b/file.txt') as Entry).id, file.id)
      assert.deepEqual((resolvePath(view, 'a//b/') as Entry).id, b.id)
      assert.equal(resolvePath(view, '/'), null)
      for (const none of ['/b', '/a/c', '/a/b/file.txt/x']) assert.equal(resolvePath(view, none), undefined)
      assert.throws(() => resolvePath(view, '/a/../b'), { code: 'invalid.name' })
    })
  })

  test(`${name}: a moved folder takes along what it holds`, async () => {
    await use(open, (view) => {
      const [a, b] = [folderChange('a'), folderChange('b')]
      const file = fileChange('file.txt', { parent: a.id })
      apply(view, testRecord(a), testRecord(b), testRecord(file))
      apply(view, testRecord({ ...a, set: { ...a.set, parent: b.id } }, 2))
      assert.equal(pathOf(view, file.id), '/b/a/file.txt')
      assert.deepEqual(names(view.children(null)), ['b'])
      assert.equal(view.count({ below: b.id }), 2)
      assert.deepEqual(names(view.search({ below: b.id, kind: 'file' })), ['file.txt'])
      const other = fileChange('other.txt')
      apply(view, testRecord(other, 3))
      assert.deepEqual(names(view.search({ outside: a.id })), ['b', 'other.txt'])
      assert.deepEqual(names(view.search({ outside: b.id })), ['other.txt'])
      assert.equal(view.count({ outside: b.id }), 1)
      assert.deepEqual(
        names(view.search({ outside: other.id, limit: 2 })),
        ['a', 'b'],
        'a file holds nothing',
      )
      assert.equal(view.count({ outside: testId('nowhere') }), 4)
    })
  })

  test(`${name}: what lies in an unknown folder is shown in the root folder until the folder comes`, async () => {
    await use(open, (view) => {
      const folder = folderChange('late')
      const file = fileChange('early.txt', { parent: folder.id })
      apply(view, testRecord(file))
      assert.equal(pathOf(view, file.id), '/early.txt')
      apply(view, testRecord(folder))
      assert.equal(pathOf(view, file.id), '/late/early.txt')
      assert.deepEqual(names(view.children(null)), ['late'])
    })
  })

  test(`${name}: the trash keeps where a thing was, and hides all below it`, async () => {
    await use(open, (view) => {
      const folder = folderChange('photos')
      const file = fileChange('beach.jpg', { parent: folder.id })
      const trashed = { ...folder, set: { ...folder.set, trashedMs: 5 } }
      apply(view, testRecord(folder), testRecord(file), testRecord(fileChange('other.txt')))
      apply(view, testRecord(trashed, 2))
      assert.deepEqual(names(view.children(null)), ['other.txt'])
      assert.deepEqual(view.childByName(null, 'photos'), [])
      assert.deepEqual(names(view.search({ isTrashed: false })), ['other.txt'])
      assert.deepEqual(names(view.search({ isTrashed: true })), ['photos'], 'what was put there itself')
      assert.equal(view.count(), 3)
      assert.deepEqual([view.entry(folder.id)?.trashedMs, view.entry(folder.id)?.isTrashed], [5, true])
      assert.deepEqual([view.entry(file.id)?.trashedMs, view.entry(file.id)?.isTrashed], [undefined, true])
      assert.deepEqual(names(view.children(folder.id)), ['beach.jpg'], 'it can still be looked into')
      apply(view, testRecord({ ...folder, set: { ...folder.set, trashedMs: null } }, 3))
      assert.equal(pathOf(view, file.id), '/photos/beach.jpg')
      assert.equal(view.entry(file.id)?.isTrashed, false)
    })
  })
}

function testConflicts(name: string, open: OpenView): void {
  test(`${name}: of two files of one name both stay: the younger is shown under a number`, async () => {
    await use(open, (view) => {
      const older = testRecord(fileChange('a.txt', { id: testId('older') }), 1)
      const younger = testRecord(fileChange('a.txt', { id: testId('younger') }), 2)
      const youngest = testRecord(fileChange('a.txt', { id: testId('youngest') }), 3)
      apply(view, youngest, older, younger)
      apply(view, testRecord(fileChange('a (2).txt', { id: testId('real') }), 4))
      assert.deepEqual(names(view.children(null)), ['a (2).txt', 'a (3).txt', 'a (4).txt', 'a.txt'])
      const shown = view.entry(younger.id) as Entry
      assert.deepEqual([shown.name, shown.givenName, shown.conflictOf], ['a (3).txt', 'a.txt', older.id])
      assert.equal('givenName' in (view.entry(older.id) as Entry), false)
      assert.equal('conflictOf' in (view.entry(older.id) as Entry), false)
      assert.equal(pathOf(view, youngest.id), '/a (4).txt')
      assert.deepEqual((resolvePath(view, '/a (4).txt') as Entry).id, youngest.id)
      assert.deepEqual((resolvePath(view, '/a.txt') as Entry).id, older.id)
      const all = view.childByName(null, 'a.txt').map(({ id }) => toHex(id))
      assert.deepEqual(
        all,
        [older, younger, youngest].map(({ id }) => toHex(id)),
      )
    })
  })

  test(`${name}: when the first is renamed, moved or put into the trash, the next carries the name`, async () => {
    const ways: Record<string, FieldValue>[] = [
      { name: 'b.txt' },
      { parent: testId('folder') },
      { trashedMs: 9 },
    ]
    for (const way of ways) {
      await use(open, (view) => {
        const first = fileChange('a.txt', { id: testId('first') })
        const second = testRecord(fileChange('a.txt', { id: testId('second') }), 2)
        apply(view, testRecord(folderChange('folder')), testRecord(first, 1), second)
        assert.equal(view.entry(second.id)?.name, 'a (2).txt')
        apply(view, testRecord({ ...first, set: { ...first.set, ...way } }, 3))
        assert.equal(view.entry(second.id)?.name, 'a.txt')
        assert.equal('conflictOf' in (view.entry(second.id) as Entry), false)
      })
    }
  })

  test(`${name}: AQ-QINDEX-11: moves made apart that close a cycle lose nothing: the last of them is lifted to the root folder`, async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((one) => folderChange(one)) as [Folder, Folder, Folder]
    const moves = [
      testRecord({ ...a, set: { ...a.set, parent: b.id } }, 10),
      testRecord({ ...b, set: { ...b.set, parent: c.id } }, 12),
      testRecord({ ...c, set: { ...c.set, parent: a.id } }, 11),
    ] as const
    const file = testRecord(fileChange('file.txt', { parent: a.id }))
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ] as const) {
      await use(open, (view) => {
        apply(view, testRecord(a), testRecord(b), testRecord(c), file)
        for (const i of order) apply(view, moves[i])
        assert.equal(pathOf(view, file.id), '/b/a/file.txt')
        assert.equal(pathOf(view, c.id), '/b/a/c')
        apply(view, testRecord({ ...a, set: { ...a.set, parent: null } }, 20))
        assert.equal(pathOf(view, b.id), '/a/c/b', 'once the cycle is undone, all lie where they were put')
      })
    }
  })

  test(`${name}: a folder moved into itself is in the root folder`, async () => {
    await use(open, (view) => {
      const folder = folderChange('a', { parent: testId('a') })
      apply(view, testRecord(folder))
      assert.equal(pathOf(view, folder.id), '/a')
    })
  })
}

type Folder = ReturnType<typeof folderChange>
