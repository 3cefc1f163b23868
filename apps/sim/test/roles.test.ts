import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playRoles, printRoles } from '../src/roles.ts'

test('[SW-ROL-7] [SW-ROL-8] a fifth of the nodes lies: honest ones publish one figure of each Operator, near to the truth, and the same seed the same', () => {
  const run = { nodes: 30, seed: 7, periods: 4 }
  const report = playRoles(run)
  const [steady, shaky, short, gone, sly] = report.operators
  for (const { uptimes, states } of report.operators)
    assert.deepEqual([uptimes.length, states.length], [1, 1])
  const of = (one: typeof steady): number => (one?.uptimes[0] ?? Number.NaN) / 1e6
  assert.ok(of(steady) > 0.99 && Math.abs(of(shaky) - 0.95) < 0.03, printRoles(run, report))
  assert.ok(of(short) > 0.96 && of(sly) < 0.9 && of(gone) < 0.95, printRoles(run, report))
  assert.deepEqual([steady?.states, shaky?.states, sly?.states], [['held'], ['lost'], ['lost']])
})
