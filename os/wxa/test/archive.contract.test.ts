import { createMemoryArchive } from '@anarq/wxa'
import { testArchive } from '@anarq/wxa/testing'

testArchive('in memory', async (entries) => createMemoryArchive(entries))
