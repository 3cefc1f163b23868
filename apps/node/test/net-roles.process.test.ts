/** Roles among real nodes: a draw that all repeat, an Operator that is measured, and one that was away. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@anarq/bytes'
import { drawCommittee, parseNodeId } from '@anarq/qnet'
import type { OperatorRoleFacts } from '@anarq/sdk'
import { type NetNode, until, withNetWorld } from './net-world.ts'
import { passphrase } from './world.ts'

const periodMs = 16_000
/** Periods of seconds, so that several pass; all else is the product's. */
const rules = {
  discovery: { periodMs, roundMs: 2_000, gossipEveryMs: 2_000, bitsMin: 8 },
  roles: {
    ...{ probesPerPeriod: 24, askedMin: 3, newPeriods: 1, probeTimeoutMs: 1_000, compareEveryMs: 3_000 },
    ...{ windowPeriods: 40, cleanPeriods: 20 },
  },
}
const relay = { roles: ['relay'] as const, rules }
const operator = { roles: ['operator', 'relay'] as const, guarantee: 95, rules }

const rowOf = (node: NetNode, of: string): OperatorRoleFacts | undefined =>
  node.network.roles().operators.find(({ id }) => id === of)
const idOf = (node: NetNode): string => (node.network.status() as { id: string }).id

test('[SW-ROL-1] [SW-ROL-2] [SW-ROL-4] [SW-ROL-7] [SW-ROL-8] [WX-L1-4] real nodes draw the same MasterNodes, which measure two Operators: who stayed is seen to, who was away loses its role', () =>
  withNetWorld(async ({ open, faults }) => {
    const nodes = await Promise.all([
      open('one', 1, operator),
      open('two', 2, operator),
      open('three', 3, relay),
      open('four', 4, relay),
      open('plain', 5, { rules }),
    ])
    const [steady, shaky, third, fourth, plain] = nodes as [NetNode, NetNode, NetNode, NetNode, NetNode]
    const { invitation } = steady.network.invite()
    for (const { network } of nodes.slice(1)) await network.join(invitation)
    const [steadyId, shakyId] = [idOf(steady), idOf(shaky)]
    const terms = () => nodes.map(({ network }) => network.roles()).filter(({ term }) => term !== undefined)
    await until(() => {
      const drawn = terms()
      const numbers = new Set(drawn.map(({ period }) => period.number))
      return drawn.length === 5 && numbers.size === 1 && drawn.every(({ term }) => term?.masters.length === 4)
      // A machine with much else to do misses a round of two seconds, and with it the period: there is another one soon.
    }, 240_000)
    const facts = terms()
    const [first] = facts
    assert.equal(new Set(facts.map(({ term }) => `${term?.seed} ${term?.masters}`)).size, 1)
    assert.ok((first?.term?.votes ?? 0) >= (first?.term?.votesNeeded ?? 9))
    // Anybody repeats the draw from what is published.
    const elders = first?.term?.masters.map(parseNodeId).sort() ?? []
    const seed = fromHex(first?.term?.seed ?? '')
    assert.deepEqual(drawCommittee({ seed, elders }, 'masternodes', 25), first?.term?.masters)
    assert.deepEqual([first?.term?.isSelf, facts.at(-1)?.term?.isSelf], [true, false])
    assert.deepEqual(plain.network.roles().measuring, [])
    // Away for the better part of some periods.
    await shaky.operations.account.lock()
    const startMs = Date.now()
    await until(() => rowOf(third, shakyId)?.state === 'lost', 120_000)
    const awayMs = Date.now() - startMs
    await shaky.operations.account.unlock({ passphrase })
    await until(() => shaky.net()?.operations !== undefined)
    for (const node of [third, fourth, plain]) {
      const good = rowOf(node, steadyId)
      assert.deepEqual([good?.state, good?.guarantee, good?.uptime], ['held', 95, 100])
      await until(() => rowOf(node, shakyId)?.state === 'lost', 30_000)
      assert.ok((rowOf(node, shakyId)?.uptime ?? 100) < 95)
    }
    assert.ok(awayMs < 6 * periodMs)
    // Who comes when it is over sees the same.
    const late = await open('late', 6, { rules })
    await late.network.join(fourth.network.invite().invitation)
    await until(() => rowOf(late, shakyId)?.state === 'lost', 60_000)
    await until(() => rowOf(late, steadyId)?.state === 'held', 60_000)
    const { fitness } = third.network.roles()
    assert.ok(
      fitness.rate > 0 && fitness.parts.some(({ of, points }) => of === 'latency' && points !== undefined),
    )
    // What was measured is there after a restart.
    const before = rowOf(plain, steadyId)?.measured ?? 0
    await plain.close()
    const again = await open('plain', 5, { rules })
    await until(() => (rowOf(again, steadyId)?.measured ?? 0) >= before)
    assert.deepEqual(faults, [])
  }))

test('[SW-ROL-7] an Operator that says nothing else guarantees 99 %, is new until it is measured, and where no relay is nobody is drawn', () =>
  withNetWorld(async ({ open }) => {
    const node = await open('one', 1, { roles: ['operator'], rules })
    await until(() => node.network.roles().operators.length === 1)
    assert.equal(node.network.roles().operators[0]?.guarantee, 99)
    assert.equal(node.network.roles().operators[0]?.state, 'new')
    assert.equal(node.network.roles().term, undefined)
  }))
