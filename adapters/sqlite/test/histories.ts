import assert from 'node:assert/strict'
import { type FieldValue, type IndexRecord, joinRecords, pathOf, type Query, type View } from '@anarq/qindex'
import { testDevice, testId, testRecord } from '@anarq/qindex/testing'
import fc from 'fast-check'

/** What one write does to one thing; the small numbers make them meet: in names, folders, cycles, the trash. */
export type Write = {
  readonly thing: number
  readonly kind: string
  readonly set: Readonly<Record<string, FieldValue>>
  readonly device: number
}

const names = ['a.txt', 'b', 'a (2).txt', 'a (3).txt', 'Ábaco', 'A.txt', 'zoo']
const texts = ['some words', 'ábaco b', 'a a zoo', '']

const fields = fc.record(
  {
    name: fc.constantFrom(...names),
    parent: fc.oneof(fc.constant(null), fc.nat(8).map(testId)),
    trashedMs: fc.constantFrom(null, 5),
    type: fc.constantFrom('image/png', 'image/jpeg', 'text/plain', ''),
    owner: fc.constantFrom('did:test:a', 'did:test:b'),
    words: fc.constantFrom(...texts),
    note: fc.constantFrom(...texts),
    camera: fc.constantFrom('Nikon', 'Leica', 5),
    bytes: fc.nat(5),
    'tag/red': fc.constantFrom(true, null),
    'tag/b "zoo",': fc.constantFrom(true, null),
  },
  { requiredKeys: [] },
)
export const writes: fc.Arbitrary<Write[]> = fc.array(
  fc
    .record({ thing: fc.nat(14), isOdd: fc.nat(12), set: fields, modifiedMs: fc.nat(6), device: fc.nat(2) })
    .map(({ thing, isOdd, set, modifiedMs, device }) => ({
      thing,
      kind: isOdd === 0 ? 'file' : thing < 7 ? 'folder' : thing < 13 ? 'file' : 'contact',
      set: { ...set, modifiedMs } as Readonly<Record<string, FieldValue>>,
      device,
    })),
  { minLength: 1, maxLength: 6 },
)
export const histories: fc.Arbitrary<Write[][]> = fc.array(writes, { minLength: 1, maxLength: 14 })

/** The records of a write; `state` holds what each thing is by then. */
export function recordsOf(
  step: readonly Write[],
  state: Map<number, IndexRecord>,
  ms: number,
): IndexRecord[] {
  return step.map(({ thing, kind, set, device }, i) => {
    const before = state.get(thing)
    const named = before === undefined ? { name: names[thing % names.length] as string, ...set } : set
    const change = testRecord({ id: testId(thing), kind, set: named }, ms + i, testDevice(device))
    // A kind goes to and fro here, more than it can in an index.
    const record = before === undefined ? change : joinRecords({ ...before, kind }, change)
    state.set(thing, record)
    return record
  })
}

export const queries: fc.Arbitrary<Query> = fc.record(
  {
    text: fc.constantFrom('a', 'aba', 'b', 'words some', 'a a zoo', 'zoo', 'so', ' ', '?', 'txt a'),
    tag: fc.constantFrom('red', 'b "zoo",', 'zoo'),
    type: fc.constantFrom('image/png', 'image/*', 'text/plain', '', 'imag/*'),
    owner: fc.constantFrom('did:test:a', 'did:test:c'),
    kind: fc.constantFrom('file', 'folder', 'contact'),
    parent: fc.oneof(fc.constant(null), fc.nat(8).map(testId)),
    below: fc.nat(8).map(testId),
    from: fc.nat(7),
    to: fc.nat(7),
    isTrashed: fc.boolean(),
    field: fc.constantFrom(
      { name: 'camera', value: 'Nikon' },
      { name: 'name', value: 'b' },
      { name: 'type', value: '' },
      { name: 'owner', value: 'did:test:a' },
      { name: 'words', value: 'some words' },
      { name: 'note', value: '' },
    ),
    limit: fc.nat(6),
    offset: fc.nat(3),
    order: fc.constantFrom('name', 'time', 'size', 'relevance'),
    isReversed: fc.boolean(),
  },
  { requiredKeys: [] },
)

/** Every way to look at what is there gives the same. */
export function assertSame(view: View, model: View, asked: Iterable<Query>): void {
  assert.deepEqual(view.root(), model.root())
  for (const query of [{ limit: 100 }, ...asked]) {
    assert.deepEqual(view.search(query), model.search(query), JSON.stringify(query))
    assert.equal(view.count(query), model.count(query), JSON.stringify(query))
  }
  for (let thing = 0; thing < 15; thing += 1) {
    const id = testId(thing)
    assert.deepEqual(view.entry(id), model.entry(id))
    assert.equal(pathOf(view, id), pathOf(model, id))
    assert.deepEqual(view.children(id), model.children(id))
  }
  assert.deepEqual(view.children(null), model.children(null))
  assert.deepEqual(
    view.children(null, { limit: 3, offset: 2 }),
    model.children(null, { limit: 3, offset: 2 }),
  )
  for (const parent of [null, testId(1), testId(2), testId('nobody')]) {
    for (const name of [...names, 'b (2)', 'a (4).txt', 'a (3) (2).txt']) {
      assert.deepEqual(view.childByName(parent, name), model.childByName(parent, name), name)
    }
  }
}
