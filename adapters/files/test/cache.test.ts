import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createCacheFolder } from '@anarq/files'

test('what is cached comes back whole, an empty file too, and what is not there does not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-cache-'))
  try {
    const cache = createCacheFolder(folder)
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
    await cache.write('view-1', bytes)
    await cache.write('empty', new Uint8Array(0))
    assert.deepEqual(await cache.read('view-1'), bytes)
    assert.deepEqual(await cache.read('empty'), new Uint8Array(0))
    assert.equal(await cache.read('another'), undefined)
    await cache.write('view-1', bytes.subarray(0, 5))
    assert.deepEqual(await cache.read('view-1'), bytes.slice(0, 5))
    await assert.rejects(cache.write('../out', bytes), { code: 'internal.cache' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
