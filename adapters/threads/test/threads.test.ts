import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testSealer } from '@anarq/flows/testing'
import { createThreadSealer } from '@anarq/threads'

const small = { threads: 2, windowBytes: 1024 * 1024, windowsMax: 2 }

testSealer('on threads', () => createThreadSealer(small))

test('a sealer that was prepared and never used closes at once, and one that was closed fails what it had', async () => {
  const prepared = createThreadSealer(small)
  prepared.prepare()
  await prepared.close()
  const sealer = createThreadSealer(small)
  const window = await sealer.window()
  const sealing = sealer.seal(window, [{ from: 0, to: 1000, sealedAt: 0 }], {
    chunkSecret: new Uint8Array(32),
  })
  await Promise.all([assert.rejects(sealing, { code: 'unavailable.worker' }), sealer.close()])
})

test('a block that is larger than any has no room', async () => {
  const sealer = createThreadSealer(small)
  assert.equal(sealer.room(64 * 1024 * 1024), undefined)
  await sealer.close()
})
