import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { methods } from '../src/methods.ts'
import { reference } from './reference.ts'

const page = fileURLToPath(new URL('../../../docs/sdk.md', import.meta.url))

test('[WX-DEV-1] docs/sdk.md has every call of the SDK as it is: its form, what it does and what it needs', () => {
  const now = reference()
  if (process.env.ANARQ_UPDATE_REFERENCE === '1') writeFileSync(page, now)
  for (const name of methods.keys()) assert.ok(now.includes(`### \`${name}\``), `${name} is not in face.ts`)
  assert.equal(
    readFileSync(page, 'utf8'),
    now,
    'The face changed: ANARQ_UPDATE_REFERENCE=1 npm test reference',
  )
})
