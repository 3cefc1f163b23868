import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '@anarq/random/testing'
import { testDevice, testDigest, testId, testRecord } from '../../fixtures.ts'
import { type FieldValue, type IndexRecord, joinRecords } from '../../record/record.ts'
import { createMemoryView } from '../../view/memory-view.ts'
import { pathOf } from '../../view/paths.ts'
import type { Query } from '../../view/view.ts'
import { type OpenView, use } from '../claims.ts'

/** Whatever is written in whatever order and pieces, the view answers as the one in memory does. */
export function testAgainstMemory(name: string, open: OpenView): void {
  for (let seed = 1; seed <= 8; seed += 1) {
    test(`${name}: after random writes it answers as the memory view does (seed ${seed})`, async () => {
      await use(open, (view) => {
        const model = createMemoryView()
        const chance = createChance(seed)
        const state = new Map<string, IndexRecord>()
        for (let step = 0; step < 12; step += 1) {
          const records = Array.from({ length: 1 + chance(12) }, (_, i) =>
            randomRecord(chance, state, step * 20 + i),
          )
          view.apply(records, testDigest(step))
          for (const record of records) model.apply([record], testDigest(step))
        }
        for (const query of comparedQueries) {
          assert.deepEqual(view.search(query), model.search(query), JSON.stringify(query))
          assert.equal(view.count(query), model.count(query))
        }
        for (const record of state.values()) {
          assert.deepEqual(view.entry(record.id), model.entry(record.id))
          assert.equal(pathOf(view, record.id), pathOf(model, record.id))
          assert.deepEqual(view.children(record.id), model.children(record.id))
        }
        for (const one of [...poolNames, 'a (2).txt'])
          assert.deepEqual(view.childByName(null, one), model.childByName(null, one))
        assert.deepEqual(view.children(null), model.children(null))
      })
    })
  }
}

const poolNames = ['a.txt', 'b', 'a (2).txt', 'Ábaco', 'zoo']
const comparedQueries: Query[] = [
  { limit: 500 },
  { kind: 'folder', order: 'time', limit: 500 },
  { isTrashed: true, order: 'size' },
  { isTrashed: false, order: 'time', isReversed: true },
  { tag: 'red', order: 'name' },
  { text: 'aba', order: 'name' },
  { text: 'word', order: 'time', limit: 3, offset: 2 },
  { type: 'image/*', from: 3, to: 40, order: 'size' },
  { parent: null, order: 'name' },
  { below: testId(1), order: 'name' },
  { outside: testId(1), order: 'name', limit: 500 },
  { outside: testId(2), isTrashed: false, order: 'name', limit: 4, offset: 1 },
  { field: { name: 'camera', value: 'Nikon' }, order: 'name' },
]

function randomRecord(chance: Chance, state: Map<string, IndexRecord>, ms: number): IndexRecord {
  const number = chance(14)
  const kind = number < 6 ? 'folder' : number < 13 ? 'file' : 'contact'
  const set: Record<string, FieldValue> = {}
  if (!state.has(String(number)) || chance(3) === 0) set.name = poolNames[chance(poolNames.length)] as string
  if (number < 13 && chance(2) === 0) set.parent = chance(3) === 0 ? null : testId(chance(8))
  if (chance(4) === 0) set.trashedMs = chance(2) === 0 ? ms : null
  if (chance(3) === 0) set['tag/red'] = chance(2) === 0 ? true : null
  if (chance(3) === 0) set.words = ['some words', 'ábaco', ''][chance(3)] as string
  if (chance(3) === 0) set.camera = ['Nikon', 'Leica'][chance(2)] as string
  if (chance(3) === 0) set.type = ['image/png', 'image/jpeg', 'text/plain'][chance(3)] as string
  if (chance(3) === 0) set.bytes = chance(1000)
  set.modifiedMs = chance(50)
  const change = testRecord({ id: testId(number), kind, set }, 1 + ms, testDevice(chance(3)))
  const before = state.get(String(number))
  const record = before === undefined ? change : joinRecords(before, change)
  state.set(String(number), record)
  return record
}

type Chance = (below: number) => number

function createChance(seed: number): Chance {
  const random = createSeededRandom(seed)
  return (below) => (random.bytes(1)[0] as number) % below
}
