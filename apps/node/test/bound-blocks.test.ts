/** Which blocks are a branch's, on the disk. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openBoundBlocks } from '../src/bound-blocks.ts'

const branch = 'ab'.repeat(32)
const digest = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)

test('what is noted is there after a restart, once; a home without branches has no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-bound-'))
  const path = join(folder, 'bound.journal')
  try {
    const first = await openBoundBlocks({ path, onFault: assert.fail })
    assert.equal(first.branchOf(digest(1)), undefined)
    assert.equal(first.isWhole(), false)
    assert.deepEqual(await readdir(folder), [])
    await Promise.all([first.add(branch, [digest(1), digest(2)]), first.add(branch, [digest(2), digest(3)])])
    await first.close()
    const again = await openBoundBlocks({ path, onFault: assert.fail })
    assert.equal(again.isWhole(), true)
    for (const fill of [1, 2, 3]) assert.equal(again.branchOf(digest(fill)), branch)
    assert.equal(again.branchOf(digest(4)), undefined)
    await again.close()
    // Until all is noted again nobody relies on what is left.
    await writeFile(path, 'this was a journal')
    const damaged = await openBoundBlocks({ path, onFault: () => {} })
    assert.equal(damaged.isWhole(), false)
    damaged.madeWhole()
    assert.equal(damaged.isWhole(), true)
    await damaged.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
