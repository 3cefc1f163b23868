import { createQuickjs } from '@anarq/quickjs'
import { testEngine, testIsolation } from '@anarq/runtime/testing'

testEngine('QuickJS', () => createQuickjs())
testIsolation('QuickJS', () => createQuickjs())
