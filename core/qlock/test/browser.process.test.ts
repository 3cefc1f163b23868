import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeThings, refusedThings, type Things } from './crossing.ts'

/** What the browser's condition of the package's imports picks: the implementation of @noble. */
const asBrowser = ['--conditions=browser', '--no-warnings']
const suites = [
  'batch',
  'box',
  'chunk',
  'face',
  'key-wrap',
  'merkle',
  'shares',
  'signature',
  'vault',
  'words',
]
const { NODE_TEST_CONTEXT, ...env } = process.env

test('whatever a server makes opens in a browser, and whatever a browser makes opens on a server', async () => {
  const ours = await makeThings()
  const { status, stdout, stderr } = run([fileOf('crossing.ts'), JSON.stringify(ours)])
  assert.equal(status, 0, stderr)
  const { refused, things } = JSON.parse(stdout) as { refused: string[]; things: Things }
  assert.deepEqual([ours.by, things.by], ['node', 'noble'])
  assert.deepEqual(refused, [], 'in the browser')
  assert.deepEqual(await refusedThings(things), [], 'on the server')
})

test('AQ-QLOCK-2, AQ-QLOCK-3, AQ-QLOCK-10: every test of this package holds in a browser too', () => {
  const files = suites.map((name) => fileOf(`${name}.test.ts`))
  const { status, stdout } = run(['--test', '--test-isolation=none', '--test-reporter=tap', ...files])
  assert.equal(
    status,
    0,
    stdout
      .split('\n')
      .filter((line) => line.startsWith('not ok'))
      .join('\n'),
  )
  assert.match(stdout, /# pass [1-9]\d+/)
})

function run(args: readonly string[]) {
  return spawnSync(process.execPath, [...asBrowser, ...args], { encoding: 'utf8', env, maxBuffer: 2 ** 26 })
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}
