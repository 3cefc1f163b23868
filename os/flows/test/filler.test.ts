import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalSealer } from '@anarq/flows'
import { createSeededRandom } from '@anarq/random/testing'
import { createFiller } from '../src/filler.ts'

test('a source that breaks while a batch waits for room ends its own file, and is heard there alone', async () => {
  const sealer = createLocalSealer({
    random: createSeededRandom(1),
    windowBytes: 8 * 1024 * 1024,
    windowsMax: 2,
  })
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  let reads = 0
  const filler = createFiller<string, never>({
    sealer,
    mayShare: () => true,
    seal: async () => [],
    async send() {
      // Many turns of the event loop, in which the next read has failed already.
      await new Promise((resolve) => setTimeout(resolve, 20))
    },
    cut: (_buffer, from, to) => (to - from >= 1024 * 1024 ? from + 1024 * 1024 : -1),
  })
  process.prependListener('unhandledRejection', hear)
  try {
    const reader = {
      async read(into: Uint8Array): Promise<number> {
        reads += 1
        if (reads > 1) throw new Error('the disk is gone')
        return into.length
      },
      close: async () => {},
    }
    await assert.rejects(
      filler.addStream('a film', reader, () => {}),
      /the disk is gone/,
    )
    assert.deepEqual([reads, unheard], [2, []])
  } finally {
    process.removeListener('unhandledRejection', hear)
    filler.close()
  }
})
