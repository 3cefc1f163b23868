import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '@anarq/qnet'
import { openSeedList, readCache, signSeedList } from '@anarq/qnet/discovery'
import { type NodeAddress, parseInvitation, writeInvitation } from '@anarq/qnet/record'
import { keysOf } from '../record/fixture.ts'
import { type Citizen, createTown, hostOf, settledTown, subjectOf } from './fixture.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

test('an empty node and one invitation, or one signed seed list: usable within 30 s, and within minutes it knows all [QN-ARC-5, WX-NET-1]', () => {
  const town = settledTown(11, 24)
  const host = town.citizens[7] as Citizen
  const line = writeInvitation(host.keys, {
    addresses: [host.address],
    endMs: town.net.clock.nowMs() + hourMs,
  })
  const byLine = town.add()
  town.start(byLine, [parseInvitation(line)])
  const bySeeds = town.add()
  const publisher = keysOf(1)
  const nowMs = town.net.clock.nowMs()
  const list = signSeedList(publisher, {
    sequence: 1,
    issuedMs: nowMs,
    expiresMs: nowMs + hourMs,
    contacts: [host.contact],
  })
  town.start(bySeeds, openSeedList(list, { publicKey: publisher.publicKey, nowMs }).contacts)
  for (const newcomer of [byLine, bySeeds]) {
    const tookMs = town.net.runUntil(() => newcomer.discovery.status().isUsable, 30_000)
    assert.ok(tookMs !== undefined && tookMs < 30_000)
  }
  town.net.run(2 * minuteMs)
  assert.deepEqual(
    town.citizens.map(({ discovery }) => discovery.status().known),
    town.citizens.map(() => 25),
  )
  assert.deepEqual(
    town.citizens.flatMap(({ blamed }) => blamed),
    [],
  )
})

test('all seeds gone: a node that was connected comes back from its own cache [QN-ARC-6, SW-SEC-4]', () => {
  const town = settledTown(12, 16, { recordLifeMs: 40 * minuteMs, skewMs: 10 * minuteMs })
  const [seed, returning] = town.citizens as [Citizen, Citizen]
  town.net.run(2 * minuteMs)
  const kept = returning.discovery.cache()
  seed.node.isDown = true
  returning.node.isDown = true
  // Longer than any record lives: addresses are all that is left of it.
  town.net.run(2 * hourMs)
  const contacts = readCache(kept)
  assert.ok(contacts.length >= 12)
  town.restart(returning, contacts)
  const tookMs = town.net.runUntil(() => returning.discovery.status().isUsable, 30_000)
  assert.ok(tookMs !== undefined)
  town.net.run(2 * minuteMs)
  assert.equal(returning.discovery.status().known, 14)
})

test('a node is found by its id from everywhere, also one that nobody can dial [AQ-QNET-4, SW-OVL-1]', () => {
  const town = settledTown(13, 30)
  // Small tables: what is known is a part, and the rest has to be looked up.
  const hidden = town.add({ describe: { addresses: [], roles: [], brokers: [new Uint8Array(32).fill(1)] } })
  town.start(hidden, [(town.citizens[3] as Citizen).contact])
  const seeker = town.add({ settings: { nodesMax: 8 } })
  town.start(seeker, [(town.citizens[4] as Citizen).contact])
  town.net.run(12 * minuteMs)
  assert.ok(seeker.discovery.status().known <= 8)
  const found = new Set<NodeId>()
  const wanted = town.citizens.filter((citizen) => citizen !== seeker).map(({ keys }) => keys.id)
  for (const id of wanted) seeker.discovery.find(id, (record) => record?.id === id && found.add(id))
  town.net.run(2 * minuteMs)
  assert.deepEqual(
    wanted.filter((id) => !found.has(id)),
    [],
  )
  let nothing: unknown = 'unanswered'
  seeker.discovery.find(keysOf(1).id, (record) => {
    nothing = record
  })
  town.net.run(minuteMs)
  assert.equal(nothing, undefined)
})

test('a person is found by name: the pointer that its key signed lies with nodes near, and the newest wins [AQ-QNET-4]', () => {
  const town = settledTown(14, 30)
  const [home, away] = [town.citizens[5], town.citizens[20]] as [Citizen, Citizen]
  const person = subjectOf(1)
  const endMs = town.net.clock.nowMs() + hourMs / 2
  let told = 0
  home.discovery.publish(person.sign([home.keys.id], 1, endMs), (count) => (told = count))
  town.net.run(minuteMs)
  assert.ok(told >= 5)
  home.discovery.publish(person.sign([home.keys.id, away.keys.id], 2, endMs))
  town.net.run(minuteMs)
  // Half of the town goes, and what was stored with several is still there.
  for (const citizen of town.citizens.filter((_, n) => n % 2 === 1)) citizen.node.isDown = true
  let nodes: readonly NodeId[] | undefined
  away.discovery.resolve(person.subject, (signed) => (nodes = signed?.pointer.nodes))
  town.net.run(2 * minuteMs)
  assert.deepEqual(nodes, [home.keys.id, away.keys.id])
  let expired: unknown = 'unanswered'
  town.net.run(hourMs / 2)
  away.discovery.resolve(person.subject, (signed) => {
    expired = signed
  })
  town.net.run(2 * minuteMs)
  assert.equal(expired, undefined)
  assert.ok(town.citizens.every(({ discovery }) => discovery.status().pointers <= 1))
})

test('a node list tells own nodes from ones that were verified, ones that answered, and mere claims [AQ-QNET-1, AQ-QNET-2]', () => {
  const town = createTown(15)
  const mine = keysOf(1001).id
  const watcher = town.add({ options: { trusts: ({ id }) => id === mine } })
  const own = town.add()
  const honest = town.add()
  // It claims an address at which nobody is: it answers on links that it opened, and is no relay for anybody.
  const claimer = town.add({ describe: { addresses: [{ transport: 'tcp', host: '198.51.100.9', port: 1 }] } })
  const gone = town.add()
  town.start(gone, [honest.contact])
  town.start(honest, [])
  town.net.run(minuteMs)
  gone.node.isDown = true
  town.start(watcher, [own.contact, honest.contact])
  for (const other of [own, claimer]) town.start(other, [honest.contact])
  town.net.run(6 * minuteMs)
  const standings = new Map(watcher.discovery.nodes().map(({ record, standing }) => [record.id, standing]))
  assert.equal(standings.get(watcher.keys.id), 'own')
  assert.equal(standings.get(own.keys.id), 'own')
  assert.equal(standings.get(honest.keys.id), 'verified')
  assert.equal(standings.get(claimer.keys.id), 'answered')
  assert.equal(standings.get(gone.keys.id), 'claimed')
})

test('with every tenth message lost the town settles all the same [WX-NET-4]', () => {
  const town = createTown(16, [20, 200], 0.1)
  for (let n = 0; n < 12; n += 1) town.add()
  const [first] = town.citizens as [Citizen]
  for (const citizen of town.citizens) town.start(citizen, citizen === first ? [] : [first.contact])
  const isSettled = () => town.citizens.every(({ discovery }) => discovery.status().known === 11)
  assert.ok(town.net.runUntil(isSettled, 5 * minuteMs) !== undefined)
})

test('who is there but missed the one greeting, as while it was starting, is greeted again within seconds', () => {
  const town = createTown(18)
  const host = town.add()
  // Whoever has three that answer seeks nobody by itself.
  for (let n = 0; n < 3; n += 1) town.add()
  const early = town.add()
  let missed = 0
  const late = town.add({
    behave: (citizen) => (from, message) => {
      const isGreeting = message[1] === 0
      if (isGreeting && from === early.keys.id && missed === 0) missed += 1
      else citizen.discovery.receive(from, message)
    },
  })
  // Each is told of the other by a third, so that no invitation is there to be tried again.
  for (const citizen of town.citizens) town.start(citizen, citizen === host ? [] : [host.contact])
  const isAnswered = () =>
    early.discovery
      .nodes()
      .some(({ record, standing }) => record.id === late.keys.id && standing === 'verified')
  const tookMs = town.net.runUntil(isAnswered, 30_000)
  assert.ok(tookMs !== undefined)
  assert.equal(missed, 1)
})

test('an invitation leads to a node that went elsewhere, though its record still says where it was [WX-NET-1]', () => {
  const town = settledTown(20, 5)
  const [moved, invited] = town.citizens as [Citizen, Citizen]
  const before = moved.address
  const after: NodeAddress = { ...before, host: hostOf(99) }
  Object.assign(moved, { address: after })
  town.restart(moved, [])
  const hosts = () => invited.discovery.contactOf(moved.keys.id)?.addresses.map(({ host }) => host)
  assert.deepEqual(hosts(), [before.host])
  invited.discovery.meet({ ...moved.contact, addresses: [after] })
  // Where it was is tried too: the invitation may be the older of the two.
  assert.deepEqual(hosts(), [after.host, before.host])
  // Its new record says it all.
  assert.ok(town.net.runUntil(() => hosts()?.join() === after.host, 30_000) !== undefined)
})

test('one seed gives one history of a whole town', () => {
  const history = () => {
    const town = settledTown(17, 10)
    town.net.run(minuteMs)
    return { ...town.net.stats, at: town.net.clock.nowMs() }
  }
  assert.deepEqual(history(), history())
})
