import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { faultsEs } from '../src/messages/faults-es.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const kinds = 'invalid|refused|missing|conflict|damaged|limit|busy|unavailable|cancelled'
const codePattern = new RegExp(`'((?:${kinds})\\.[a-z0-9]+(?:-[a-z0-9]+)*)'`, 'g')

/** Every code that anything below a door can give, as its source has it. Defects of ours have one sentence, the door's. */
function codesInSource(): ReadonlySet<string> {
  const files = globSync(
    [
      '{base,core,os,adapters,apps/node}/**/src/**/*.ts',
      // Where the desktop raises its own; elsewhere in it such names are of messages.
      'apps/desktop/src/{apps,bridge,client}/*.{ts,tsx}',
    ],
    { cwd: root, exclude: (name) => name === 'node_modules' },
  )
  assert.ok(files.length > 300)
  return new Set(
    files.flatMap((file) =>
      [...readFileSync(`${root}/${file}`, 'utf8').matchAll(codePattern)].map(([, code]) => String(code)),
    ),
  )
}

test('every fault has a Spanish sentence', () => {
  const untold = [...codesInSource()].filter((code) => !Object.hasOwn(faultsEs, code))
  assert.deepEqual(untold, [], 'Write their sentences in src/messages/faults-es*.ts.')
})

test('every Spanish sentence is of a fault that there is, ends as one, and names nothing that faults do not have', () => {
  const codes = codesInSource()
  for (const [code, text] of Object.entries(faultsEs)) {
    assert.ok(codes.has(code), code)
    assert.match(text, /([.!?]|\{detail\})$/, code)
    for (const [, name] of text.matchAll(/\{([^}]*)\}/g))
      assert.ok(['detail', 'seconds', 'mebibytes'].includes(String(name)), code)
  }
})
