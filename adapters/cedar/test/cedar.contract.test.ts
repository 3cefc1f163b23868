import { createCedar } from '@anarq/cedar'
import { testPolicies } from '@anarq/qonsent/testing'

testPolicies('Cedar', async () => {
  const policies = createCedar()
  return { policies, close: async () => policies[Symbol.dispose]() }
})
