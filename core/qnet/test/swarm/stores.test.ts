import { createMemoryHeadStore, createMemoryStore } from '@anarq/qnet/swarm'
import { testSwarmStores } from '@anarq/qnet/testing'

testSwarmStores('stores in memory', async () => {
  return { store: createMemoryStore(), heads: createMemoryHeadStore(), async close() {} }
})
