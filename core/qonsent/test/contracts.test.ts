import { createMemoryStatus, createMemoryUses } from '@anarq/qonsent'
import { testStatus, testUses } from '@anarq/qonsent/testing'

testUses('memory uses', async () => ({ uses: createMemoryUses(), close: async () => {} }))
testStatus('memory status', async () => ({ status: createMemoryStatus(), close: async () => {} }))
