import { test } from 'node:test'
import { createMemoryView, type IndexRecord } from '@anarq/qindex'
import { testDigest } from '@anarq/qindex/testing'
import { createSqliteView } from '@anarq/sqlite'
import fc from 'fast-check'
import { assertSame, histories, queries, recordsOf } from './histories.ts'

const someQueries = fc.array(queries, { minLength: 12, maxLength: 12 })

test('AQ-QINDEX-11: whatever is renamed, moved, thrown away and written apart, it answers as the memory view does, asked after every write', () => {
  const law = fc.property(histories, someQueries, (history, asked) => {
    const [view, model] = [createSqliteView(), createMemoryView()]
    const state = new Map<number, IndexRecord>()
    for (const [at, step] of history.entries()) {
      const records = recordsOf(step, state, 1 + at * 10)
      for (const one of [view, model]) one.apply(records, testDigest(at))
      assertSame(view, model, asked)
    }
    view.close()
  })
  fc.assert(law, { numRuns: 25 })
})

test('asked only at the end, after snapshots on the way, it answers as the memory view does', () => {
  const saves = fc.array(fc.boolean(), { minLength: 14, maxLength: 14 })
  const law = fc.property(histories, someQueries, saves, saves, (history, asked, isSaved, isAsked) => {
    let view = createSqliteView()
    const model = createMemoryView()
    const state = new Map<number, IndexRecord>()
    for (const [at, step] of history.entries()) {
      const records = recordsOf(step, state, 1 + at * 10)
      for (const one of [view, model]) one.apply(records, testDigest(at))
      if (isAsked[at]) view.search(asked[0] ?? {})
      if (!isSaved[at]) continue
      const bytes = view.snapshot()
      view.close()
      view = createSqliteView()
      if (!view.load(bytes)) throw new Error('a snapshot was not taken')
    }
    assertSame(view, model, asked)
    view.close()
  })
  fc.assert(law, { numRuns: 60 })
})
