import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('a process that closes its sealer goes on after that, also where an answer of a worker was on its way', () => {
  const out = execFileSync(process.execPath, [join(import.meta.dirname, 'closing.ts')], { encoding: 'utf8' })
  assert.equal(out, 'closed\n')
})
