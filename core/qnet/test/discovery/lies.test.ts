import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import type { NodeId } from '@anarq/qnet'
import { encodeMessage, parseMessage } from '../../src/discovery/messages.ts'
import { baseOfSet, makeVote } from '../../src/discovery/state.ts'
import { hashOfSet, ownSet } from '../../src/state-set.ts'
import { keysOf, recordOf } from '../record/fixture.ts'
import { type Citizen, createTown, settledTown, subjectOf, type Town, townSettings } from './fixture.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Nodes of one attacker, in a few networks: they answer everybody, and name nobody but each other. */
function besiege(town: Town, count: number, prefixes: number): Citizen[] {
  const records: Uint8Array[] = []
  const sybils: Citizen[] = []
  for (let n = 0; n < count; n += 1) {
    const host = `99.0.${n % prefixes}.${1 + Math.floor(n / prefixes)}`
    const sybil = town.add({
      host,
      behave: (self) => (from, bytes) => {
        const message = parseMessage(bytes)
        const tell = (reply: Parameters<typeof encodeMessage>[0]) =>
          self.node.wire.send(from, encodeMessage(reply))
        const record = records[n] as Uint8Array
        if (message.kind === 'hello')
          tell({ kind: 'welcome', nonce: message.nonce, timeMs: town.net.clock.nowMs(), bits: 3, record })
        if (message.kind === 'find' || message.kind === 'get') {
          const first = (n * 7) % (count - 8)
          tell({
            kind: 'found',
            nonce: message.nonce,
            records: records.slice(first, first + 8),
            pointer: undefined,
          })
        }
      },
    })
    records.push(recordOf(sybil.keys, { addresses: [sybil.address] }, 5).bytes)
    sybils.push(sybil)
  }
  for (const [n, sybil] of sybils.entries())
    for (const { keys } of town.citizens.slice(n % 10, (n % 10) + 4))
      sybil.node.wire.send(keys.id, encodeMessage({ kind: 'records', records: records.slice(n, n + 8) }))
  return sybils
}

test('200 Sybils in 3 networks are 12 nodes where a network has 4, neither eclipse a newcomer nor hide anybody, and hinder no agreement [QN-ARC-4, WX-NET-2]', () => {
  const town = settledTown(31, 30, { perGroupMax: 4 })
  const honest = [...town.citizens]
  const sybils = besiege(town, 200, 3)
  town.net.run(5 * minuteMs)
  const bad = new Set(sybils.map(({ keys }) => keys.id))
  // Half of what it is told to begin with is the attacker's.
  const newcomer = town.add({ settings: { perGroupMax: 4 } })
  town.start(
    newcomer,
    [...honest.slice(0, 3), ...sybils.slice(0, 3)].map(({ contact }) => contact),
  )
  town.net.run(5 * minuteMs)
  for (const { discovery } of [...honest, newcomer]) {
    const ids = discovery.nodes().map(({ record }) => record.id)
    const taken = ids.filter((id) => bad.has(id)).length
    assert.ok(taken > 0 && taken <= 12, `${taken} of 200`)
    assert.equal(ids.length - taken, 31)
  }
  const person = subjectOf(3)
  const endMs = town.net.clock.nowMs() + hourMs
  const home = honest[9] as Citizen
  home.discovery.publish(person.sign([home.keys.id], 1, endMs))
  town.net.run(minuteMs)
  let nodes: readonly NodeId[] | undefined
  newcomer.discovery.resolve(person.subject, (signed) => {
    nodes = signed?.pointer.nodes
  })
  town.net.run(2 * minuteMs)
  assert.deepEqual(nodes, [home.keys.id])
  town.net.run(12 * minuteMs)
  const states = new Set(
    [...honest, newcomer].map(({ discovery: { state } }) => `${state?.period} ${state?.ids.length}`),
  )
  assert.equal(states.size, 1)
  assert.ok((home.discovery.state?.ids.length ?? 0) >= 30)
})

test('a flood of records costs its sender: what is forged mutes it, what is paid for fills no more than its place', () => {
  const town = settledTown(32, 8, { nodesMax: 64 })
  const victim = town.citizens[1] as Citizen
  const flooder = town.add({ behave: () => () => {} })
  const send = (records: readonly Uint8Array[]): void =>
    flooder.node.wire.send(victim.keys.id, encodeMessage({ kind: 'records', records }))
  const paid = Array.from(
    { length: 200 },
    (_, n) =>
      recordOf(keysOf(9000 + n), { addresses: [{ transport: 'tcp', host: `88.0.${n % 3}.${n}`, port: 1 }] })
        .bytes,
  )
  for (let at = 0; at < paid.length; at += 32) send(paid.slice(at, at + 32))
  town.net.run(minuteMs)
  assert.ok(victim.discovery.status().known <= 7 + 3 * 8)
  const cheap = recordOf(keysOf(9999), { work: new Uint8Array(8).fill(7) }).bytes
  const forged = Uint8Array.from(paid[0] as Uint8Array, (byte, i) => (i === 40 ? byte ^ 1 : byte))
  for (const bytes of [cheap, forged, new Uint8Array(9)]) for (let n = 0; n < 4; n += 1) send([bytes])
  town.net.run(minuteMs)
  const codes = victim.blamed.filter(([peer]) => peer === flooder.keys.id).map(([, code]) => code)
  assert.equal(codes.length, 8)
  assert.ok(
    codes.every((code) =>
      ['invalid.cbor', 'invalid.shape', 'refused.signature', 'refused.work'].includes(code),
    ),
  )
  for (let n = 0; n < 2000; n += 1) send([paid[0] as Uint8Array])
  town.net.run(minuteMs)
  assert.equal(victim.blamed.length, 8)
  assert.ok(victim.discovery.status().isUsable)
})

test('who sends more than anybody needs to is not listened to for a while, and others are', () => {
  const town = settledTown(33, 6)
  const [victim, loud] = town.citizens.slice(1) as [Citizen, Citizen]
  for (let n = 0; n < 1000; n += 1)
    loud.node.wire.send(victim.keys.id, encodeMessage({ kind: 'find', nonce: n, target: new Uint8Array(32) }))
  const before = town.net.stats.sent
  town.net.run(3_000)
  assert.ok(town.net.stats.sent - before < 400, 'answers stop')
  assert.ok(victim.blamed.some(([peer, code]) => peer === loud.keys.id && code === 'limit.rate'))
  assert.ok(victim.discovery.status().isUsable)
})

test('two records with one number end a node everywhere, and the proof is all that it takes [SW-SEC-2]', () => {
  const town = settledTown(34, 12)
  town.net.run(minuteMs)
  const liar = town.citizens[11] as Citizen
  const { record } = liar.discovery
  assert.ok(record)
  const other = recordOf(liar.keys, { ...record, capacity: 9, work: record.work })
  ;(town.citizens[0] as Citizen).discovery.receive(
    liar.keys.id,
    encodeMessage({ kind: 'records', records: [other.bytes] }),
  )
  town.net.run(minuteMs)
  for (const { discovery, lied } of town.citizens.slice(0, 11)) {
    assert.ok(!discovery.nodes().some(({ record: { id } }) => id === liar.keys.id))
    assert.deepEqual(lied, [liar.keys.id])
  }
  town.net.run(30 * minuteMs)
  const [first] = town.citizens as [Citizen]
  assert.ok(first.discovery.state?.ids.every((id) => id !== liar.keys.id))
  assert.equal(first.discovery.status().known, 10)
})

test('a vote for two sets ends its voter, and evidence that proves nothing is blamed on who brings it', () => {
  const town = settledTown(35, 8)
  town.net.run(2 * minuteMs)
  const [first, second, liar] = town.citizens as [Citizen, Citizen, Citizen]
  const ids = new Set(town.citizens.map(({ keys }) => keys.id))
  const base = baseOfSet(ownSet([...ids]))
  const period = Math.floor(town.net.clock.nowMs() / (townSettings.periodMs as number))
  const vote = (n: number) =>
    makeVote(liar.keys, { period, round: 0, base, hash: hashOfSet(ownSet([...ids].slice(n))) }, 100)
      ?.bytes as Uint8Array
  const evidence = (a: Uint8Array, b: Uint8Array) =>
    encodeMessage({ kind: 'lie', about: 'vote', first: a, second: b })
  first.discovery.receive(second.keys.id, evidence(vote(0), vote(0)))
  assert.deepEqual(first.blamed, [[second.keys.id, 'refused.evidence']])
  first.discovery.receive(second.keys.id, evidence(vote(0), vote(1)))
  town.net.run(minuteMs)
  for (const citizen of town.citizens.filter((one) => one !== liar))
    assert.deepEqual(citizen.lied, [liar.keys.id])
})

test('a clock that is off by hours is told so by its peers, and its node takes part all the same', () => {
  const town = settledTown(36, 12)
  for (const offsetMs of [5 * hourMs, -7 * hourMs]) {
    const late = town.add()
    late.node.clockOffsetMs = offsetMs
    town.start(late, [(town.citizens[2] as Citizen).contact])
    town.net.run(3 * minuteMs)
    const { isUsable, clockOffsetMs, known } = late.discovery.status()
    assert.ok(isUsable && known >= 12)
    assert.ok(Math.abs(clockOffsetMs + offsetMs) < 1_000, `${clockOffsetMs}`)
    const [first] = town.citizens as [Citizen]
    assert.ok(first.discovery.nodes().some(({ record }) => record.id === late.keys.id))
  }
  town.net.run(40 * minuteMs)
  const hashes = town.citizens.map(
    ({ discovery }) => `${discovery.state?.ids.length} ${discovery.state?.period}`,
  )
  assert.equal(new Set(hashes).size, 1, hashes.join('\n'))
})

test('peers that lie about the time in one network have one voice there, and move nobody', () => {
  const town = settledTown(37, 9)
  for (let n = 0; n < 30; n += 1) {
    const liar = town.add({ host: `99.0.0.${n + 1}` })
    liar.node.clockOffsetMs = 6 * hourMs
    town.start(liar, [(town.citizens[n % 9] as Citizen).contact])
  }
  town.net.run(5 * minuteMs)
  for (const { discovery } of town.citizens.slice(0, 9))
    assert.ok(Math.abs(discovery.status().clockOffsetMs) < 1_000, `${discovery.status().clockOffsetMs}`)
})

test('a clock that is set while a node runs is noticed: it stays with its peers', () => {
  const town = settledTown(38, 8)
  const node = town.citizens[3] as Citizen
  for (const offsetMs of [4 * hourMs, 0, -3 * hourMs]) {
    node.node.clockOffsetMs = offsetMs
    town.net.run(4 * minuteMs)
    assert.ok(Math.abs(node.discovery.status().clockOffsetMs + offsetMs) < 1_000)
    assert.ok(node.discovery.status().isUsable)
  }
})

test('pointers that nobody signed are neither stored nor given out, and who brings them is blamed', () => {
  const town = settledTown(39, 8)
  const [honest, forger] = town.citizens as [Citizen, Citizen]
  const person = subjectOf(5)
  const endMs = town.net.clock.nowMs() + hourMs
  const good = person.sign([honest.keys.id], 1, endMs)
  const { body, signature } = good
  const forged = encodeCbor({
    body: encodeCbor({ ...(decodeCbor(body) as object), sequence: 9 }),
    signature,
  })
  honest.discovery.receive(forger.keys.id, encodeMessage({ kind: 'put', pointer: forged }))
  assert.deepEqual(honest.blamed, [[forger.keys.id, 'refused.signature']])
  assert.equal(honest.discovery.status().pointers, 0)
  const tooLong = person.sign([honest.keys.id], 1, endMs + 48 * hourMs)
  honest.discovery.receive(forger.keys.id, encodeMessage({ kind: 'put', pointer: tooLong.bytes }))
  assert.equal(honest.discovery.status().pointers, 0)
  honest.discovery.receive(forger.keys.id, encodeMessage({ kind: 'put', pointer: good.bytes }))
  assert.equal(honest.discovery.status().pointers, 1)
})

test('a node that shows the record of another is blamed, and gets no place', () => {
  const town = createTown(40)
  const [honest, other] = [town.add(), town.add()]
  town.start(honest, [])
  town.start(other, [honest.contact])
  town.net.run(minuteMs)
  const thief = town.add({ behave: () => () => {} })
  const record = other.discovery.record?.bytes as Uint8Array
  const hello = encodeMessage({ kind: 'hello', nonce: 1, timeMs: 0, bits: 3, record })
  honest.discovery.receive(thief.keys.id, hello)
  assert.deepEqual(honest.blamed, [[thief.keys.id, 'invalid.record']])
})
