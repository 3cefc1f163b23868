import { testView } from '@anarq/qindex/testing'
import { createSqliteView } from '@anarq/sqlite'

testView('sqlite view', async () => {
  const view = createSqliteView()
  return { view, close: async () => view.close() }
})
