import { createMemoryEngine, testEngine } from '@anarq/runtime/testing'

testEngine('in memory', createMemoryEngine)
