import { createLocalSealer } from '@anarq/flows'
import { testSealer } from '@anarq/flows/testing'
import { createSeededRandom } from '@anarq/random/testing'

testSealer('in the process', () =>
  createLocalSealer({ random: createSeededRandom(1), windowBytes: 1024 * 1024, windowsMax: 2 }),
)
