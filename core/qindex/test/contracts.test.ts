import { createMemoryHeads, createMemoryView } from '@anarq/qindex'
import { testHeads, testView } from '@anarq/qindex/testing'

testHeads('heads in memory', async () => ({ heads: createMemoryHeads(), close: async () => {} }))

testView('view in memory', async () => {
  const view = createMemoryView()
  return { view, close: async () => view.close() }
})
