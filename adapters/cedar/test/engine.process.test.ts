import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

test('nothing of Cedar is loaded before the first question', () => {
  const script = `
    const { createCedar } = await import('@anarq/cedar')
    const { createRequire } = await import('node:module')
    const load = createRequire(import.meta.url)
    const isLoaded = () => Object.keys(load.cache).some((name) => name.includes('cedar-wasm'))
    const policies = createCedar()
    policies.load('in', ['@id("a") permit (principal, action, resource);'])
    console.log(isLoaded(), policies.rules('in').length, isLoaded())`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  assert.equal(out.trim(), 'false 1 true')
})
