import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

test('a backend is stopped in the middle of a loop, and no thread keeps a process that is done', () => {
  const options = { encoding: 'utf8', timeout: 60_000 } as const
  const out = execFileSync(process.execPath, [join(import.meta.dirname, 'closing.ts')], options)
  assert.equal(out, 'cancelled.stopped\nclosed\n')
})

test('nothing of the engine is loaded before the first app starts', () => {
  const script = `
    const { createQuickjs } = await import('@anarq/quickjs')
    const { createRuntime } = await import('@anarq/runtime')
    createRuntime({ engine: createQuickjs(), onIncident: () => {} })
    console.log(process.getActiveResourcesInfo().filter((one) => one === 'Worker' || one === 'MessagePort').length)`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  assert.equal(out.trim(), '0')
})
