/** Terms, measuring and standing, over messages in virtual time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '@anarq/qnet'
import { parseMessage, termOf, writeReport } from '@anarq/qnet/roles'
import { encodeMessage } from '../../src/roles/messages.ts'
import { hashOfSet } from '../../src/state-set.ts'
import { type Citizen, createTown, minuteMs, periodMs, type Town, townRoles } from './net.ts'

const at = (town: Town, n: number): Citizen => town.citizens[n] as Citizen
const offer = (town: Town, n: number, guarantee = 9_900): NodeId => {
  const { id } = at(town, n).keys
  town.operators.push({ id, guarantee })
  return id
}
/** What each node says of an Operator, as text: one line where all say the same. */
const said = (town: Town, id: NodeId, except: readonly Citizen[] = []): readonly string[] => [
  ...new Set(
    town.citizens
      .filter((citizen) => !except.includes(citizen) && !citizen.node.isDown)
      .map(({ roles }) => {
        const facts = roles.operators().find((one) => one.id === id)
        return `${facts?.state} ${facts?.uptime} ${facts?.measured}`
      }),
  ),
]
const only = (town: Town, id: NodeId, except: readonly Citizen[] = []) => {
  const all = said(town, id, except)
  assert.equal(all.length, 1, all.join(' | '))
  const [state, uptime, measured] = (all[0] as string).split(' ')
  return { state, uptime: Number(uptime) / 1e6, measured: Number(measured) }
}

test('[SW-ROL-2] [SW-ROL-3] [SW-ROL-7] MasterNodes of each period measure an Operator, the next period has others, and all nodes publish one figure', () => {
  const town = createTown(1, 14)
  const operator = offer(town, 3)
  const terms = new Set<string>()
  for (let n = 0; n < 6; n += 1) {
    town.net.run(periodMs / 2)
    const masters = at(town, 0).roles.term()?.masters ?? []
    assert.deepEqual(masters, termOf(town.stateOf(town.period()), 5).masters)
    assert.equal(masters.length, 5)
    terms.add(masters.join(' '))
    const busy = town.citizens.filter(({ roles }) => roles.measuring().length > 0)
    assert.deepEqual(busy.map(({ keys }) => keys.id).sort(), masters.filter((id) => id !== operator).sort())
    town.net.run(periodMs / 2)
  }
  assert.equal(terms.size, 6)
  town.net.run(minuteMs)
  assert.deepEqual(only(town, operator), { state: 'held', uptime: 1, measured: 5 })
  for (const { blamed } of town.citizens) assert.deepEqual(blamed, [])
})

test('[SW-ROL-8] an Operator that is away for a twentieth of the time loses its role in all eyes, announced or not, and has it again after a clean time', () => {
  const town = createTown(2, 12)
  const [steady, shaky, modest] = [offer(town, 1), offer(town, 2), offer(town, 4, 9_000)]
  const { node } = at(town, 2)
  // A minute in twenty, at moments that have nothing to do with those of probes.
  for (let n = 0; n < 10; n += 1) {
    const from = n * periodMs + (n * 7 + 3) * minuteMs * 0.9
    town.net.after(from, () => {
      node.isDown = true
      at(town, 4).node.isDown = true
    })
    town.net.after(from + minuteMs, () => {
      node.isDown = false
      town.restart(at(town, 2))
      town.restart(at(town, 4))
    })
  }
  town.net.run(10 * periodMs + 2 * minuteMs)
  assert.deepEqual(only(town, steady), { state: 'held', uptime: 1, measured: 9 })
  const lost = only(town, shaky)
  assert.equal(lost.state, 'lost')
  assert.ok(lost.uptime > 0.92 && lost.uptime < 0.98, `${lost.uptime}`)
  assert.equal(only(town, modest).state, 'held')
  town.net.run(4 * periodMs)
  assert.equal(only(town, shaky).state, 'lost')
  town.net.run(4 * periodMs)
  assert.equal(only(town, shaky).state, 'held')
})

test('[SW-ROL-7] less than a third of the MasterNodes lie: they neither sink an honest Operator nor lift one that is away', () => {
  const town = createTown(3, 16, { masters: 7 })
  const [good, bad] = [offer(town, 0), offer(town, 1)]
  // Two of seven in every term, whoever is drawn: they replace what they report by its opposite.
  for (const citizen of town.citizens)
    citizen.twist = (_, message) => {
      const parsed = parseMessage(message)
      const masters = termOf(town.stateOf(town.period() - 1), 7).masters
      if (parsed.kind !== 'reports' || masters.indexOf(citizen.keys.id) < 0) return message
      if (masters.indexOf(citizen.keys.id) > 1) return message
      const lie = [
        { operator: good, asked: 60, answered: 0 },
        { operator: bad, asked: 60, answered: 60 },
      ]
      const { bytes } = writeReport(citizen.keys, town.period() - 1, lie)
      return encodeMessage({ kind: 'reports', reports: [bytes] })
    }
  for (let n = 0; n < 6; n += 1) {
    town.net.after(n * periodMs + 2 * minuteMs, () => {
      at(town, 1).node.isDown = true
    })
    town.net.after(n * periodMs + 12 * minuteMs, () => town.restart(at(town, 1)))
  }
  town.net.run(6 * periodMs + 3 * minuteMs)
  for (const { roles } of town.citizens) {
    const facts = new Map(roles.operators().map((one) => [one.id, one]))
    assert.equal(facts.get(good)?.state, 'held')
    assert.equal(facts.get(bad)?.state, 'lost')
    assert.ok((facts.get(bad)?.uptime ?? 1) < 700_000)
  }
})

test('[SW-ROL-7] an Operator that answers MasterNodes alone is seen to be there for nobody else', () => {
  const town = createTown(4, 16, { masters: 4 })
  const [fair, sly] = [offer(town, 0), offer(town, 1)]
  const { node } = at(town, 1)
  const receive = node.receive as NonNullable<typeof node.receive>
  node.receive = (from, message) => {
    const isServed = termOf(town.stateOf(town.period()), 4).masters.includes(from)
    if (parseMessage(message).kind !== 'probe' || isServed) receive(from, message)
  }
  town.net.run(7 * periodMs + minuteMs)
  assert.equal(only(town, fair).state, 'held')
  const seen = only(town, sly)
  assert.equal(seen.state, 'lost')
  assert.ok(seen.uptime > 0.3 && seen.uptime < 0.7, `${seen.uptime}`)
})

test('[SW-ROL-7] [SW-TOP-3] a partition: who reaches nobody says nothing, the smaller side sinks nobody, and after it all say the same again', () => {
  const town = createTown(5, 16, { masters: 7 })
  const operator = offer(town, 0)
  town.net.run(2 * periodMs + minuteMs)
  const alone = at(town, 5)
  const few = town.citizens.slice(12)
  const others = town.citizens.filter((one) => one !== alone && !few.includes(one))
  town.net.partition(
    others.map(({ keys }) => keys.id),
    few.map(({ keys }) => keys.id),
    [alone.keys.id],
  )
  town.net.run(3 * periodMs)
  const [here] = said(town, operator, [...few, alone])
  assert.match(here ?? '', /^(held|new) 1000000 /)
  town.net.heal()
  town.net.run(2 * periodMs)
  const { state, uptime, measured } = only(town, operator)
  assert.deepEqual([state, uptime], ['held', 1])
  assert.ok(measured >= 4)
})

test("[SW-ROL-7] a machine whose clock is off by hours measures in the network's periods, and a report of another period counts for nothing", () => {
  const town = createTown(6, 10)
  const operator = offer(town, 2)
  for (const [n, hours] of [5, -7, 30].entries()) at(town, 3 + n).node.clockOffsetMs = hours * 60 * minuteMs
  town.net.run(5 * periodMs + minuteMs)
  assert.deepEqual(only(town, operator), { state: 'held', uptime: 1, measured: 4 })
  const liar = at(town, 7)
  const before = said(town, operator)
  const rows = [{ operator, asked: 60, answered: 0 }]
  for (const period of [town.period() + 1, town.period() + 40, town.period() - 100])
    at(town, 0).roles.receive(
      liar.keys.id,
      encodeMessage({ kind: 'reports', reports: [writeReport(liar.keys, period, rows).bytes] }),
    )
  town.net.run(minuteMs)
  assert.deepEqual(said(town, operator), before)
})

test('[SW-ROL-7] reports outlive a restart, a node that was away gets what it missed, and nobody reports twice of one term', () => {
  const town = createTown(7, 10)
  const operator = offer(town, 2)
  town.net.run(4 * periodMs + minuteMs)
  const [away, again] = [at(town, 8), at(town, 9)]
  const before = again.roles.operators()
  town.restart(again)
  assert.deepEqual(again.roles.operators(), before)
  away.node.isDown = true
  town.net.run(3 * periodMs)
  town.restart(away)
  town.net.run(10 * minuteMs)
  // The links of the periods that it slept through come to it too, so that it draws them as the others did.
  assert.equal(only(town, operator).state, 'held')
  for (let n = 0; n < 3; n += 1) {
    for (const citizen of town.citizens) town.restart(citizen)
    town.net.run(periodMs / 3)
  }
  town.net.run(periodMs)
  assert.equal(only(town, operator).state, 'held')
  assert.deepEqual(
    town.citizens.flatMap(({ blamed }) => blamed),
    [],
  )
})

test('[SW-ROL-4] [SW-SEC-2] reports of who was not drawn, forged ones and two of one term count for nothing, and everybody comes to that', () => {
  const town = createTown(8, 10)
  const operator = offer(town, 2)
  town.net.run(3 * periodMs + minuteMs)
  const before = only(town, operator)
  const period = town.period() - 1
  const { masters } = termOf(town.stateOf(period), 5)
  const outsider = town.citizens.findLast(({ keys }) => !masters.includes(keys.id)) as Citizen
  assert.notEqual(outsider, at(town, 0))
  const rows = [{ operator, asked: 60, answered: 0 }]
  const bring = (citizen: Citizen, bytes: Uint8Array, from = outsider): void =>
    citizen.roles.receive(from.keys.id, encodeMessage({ kind: 'reports', reports: [bytes] }))
  bring(at(town, 0), writeReport(outsider.keys, period, rows).bytes)
  const forged = writeReport(outsider.keys, period, rows).bytes
  forged[forged.length - 1] = (forged[forged.length - 1] as number) ^ 1
  const master = town.citizens.find(
    ({ keys }) => masters.includes(keys.id) && keys.id !== operator,
  ) as Citizen
  const fake = writeReport(master.keys, period, rows).bytes.slice()
  fake[fake.length - 3] = (fake[fake.length - 3] as number) ^ 1
  bring(at(town, 0), fake)
  assert.equal(at(town, 0).blamed.length, 1)
  assert.deepEqual(only(town, operator), before)
  // Its second report of the term goes to one node; the first is everywhere. In the end nobody counts either.
  const second = writeReport(master.keys, period, rows).bytes
  bring(at(town, 0), second)
  town.net.run(2 * periodMs)
  assert.equal(only(town, operator).uptime, 1)
  for (const { roles } of town.citizens)
    assert.equal(roles.reported(period), masters.filter((id) => id !== operator).length)
})

test('who asks without being a MasterNode, or after somebody who is no Operator, makes nobody knock anywhere', () => {
  const town = createTown(9, 10)
  const operator = offer(town, 2)
  town.net.run(periodMs / 2)
  const { masters } = termOf(town.stateOf(town.period()), 5)
  const witness = at(town, 0)
  const sent: string[] = []
  witness.twist = (_, message) => {
    sent.push(parseMessage(message).kind)
    return undefined
  }
  const stranger = town.citizens.find(({ keys }) => !masters.includes(keys.id) && keys.id !== witness.keys.id)
  const ask = (from: NodeId, at_: NodeId): void =>
    witness.roles.receive(from, encodeMessage({ kind: 'look', nonce: 7, at: at_ }))
  sent.length = 0
  ask(stranger?.keys.id as NodeId, operator)
  ask(masters[0] as NodeId, at(town, 6).keys.id)
  assert.deepEqual(sent, [])
  for (let n = 0; n < 1_000; n += 1) ask(masters[0] as NodeId, operator)
  assert.ok(sent.length > 0 && sent.length <= 150, `${sent.length}`)
  assert.equal(townRoles.periodMs, periodMs)
})

test('[SW-ROL-7] [SW-ROL-8] a node that comes when an Operator has long lost its role sees that too, and no lie about the past reaches it', () => {
  const town = createTown(10, 10)
  const [good, bad] = [offer(town, 1), offer(town, 2)]
  const late = at(town, 9)
  late.roles.stop()
  late.node.isDown = true
  for (let n = 0; n < 4; n += 1) {
    town.net.after(n * periodMs + minuteMs, () => {
      at(town, 2).node.isDown = true
    })
    town.net.after(n * periodMs + 6 * minuteMs, () => town.restart(at(town, 2)))
  }
  town.net.run(8 * periodMs)
  late.disk.length = 0
  town.restart(late)
  town.net.run(minuteMs / 6)
  // Somebody gives it a past in which others were drawn.
  const top = town.stateOf(town.period())
  const hash = hashOfSet(top)
  const liar = at(town, 7)
  for (const change of [
    { seed: new Uint8Array(32).fill(1) },
    { came: [liar.keys.id] },
    { gone: [liar.keys.id] },
  ]) {
    const { link } = town.stateOf(town.period() - 1)
    const links = [
      { ...top.link, ...change },
      { ...link, ...change },
    ]
    late.roles.receive(liar.keys.id, encodeMessage({ kind: 'links', hash, links }))
    const before = { kind: 'links', hash: top.before, links: links.slice(1) } as const
    late.roles.receive(liar.keys.id, encodeMessage(before))
  }
  town.net.run(6 * minuteMs)
  assert.equal(only(town, good).state, 'held')
  const { state, measured } = only(town, bad)
  assert.deepEqual([state, measured >= 6], ['lost', true])
})
