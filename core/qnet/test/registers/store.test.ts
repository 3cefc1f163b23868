import { createMemoryRegisterStore } from '@anarq/qnet/registers'
import { testRegisterStore } from '@anarq/qnet/testing'

testRegisterStore('the store in memory', async () => ({
  store: createMemoryRegisterStore(),
  close: async () => {},
}))
