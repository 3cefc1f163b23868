import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settledTown } from './fixture.ts'

test('try', () => {
  const t0 = performance.now()
  const town = settledTown(1, 30)
  console.log('settled after', town.net.clock.nowMs() - Date.UTC(2026, 0, 1), performance.now() - t0)
  for (let i = 0; i < 8; i++) {
    town.net.run(30_000)
    console.log(
      Math.min(...town.citizens.map((c) => c.discovery.status().live)),
      Math.min(...town.citizens.map((c) => c.discovery.status().known)),
      town.citizens.map((c) => c.blamed.length).join(),
      town.net.stats,
      performance.now() - t0,
    )
  }
  console.log(town.citizens.flatMap((c) => c.blamed.map((b) => b[1])).slice(0, 10))
  town.net.run(3600_000)
  console.log(
    town.citizens
      .map(
        (c) =>
          `${c.states.length} ${c.discovery.state?.period} ${c.discovery.state?.ids.length} ${c.discovery.state?.round} ${c.discovery.state?.votes}`,
      )
      .join('\n'),
    town.net.stats,
    performance.now() - t0,
  )
  assert.ok(true)
})
