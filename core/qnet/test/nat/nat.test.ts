import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import { textOfNodeId } from '@anarq/qnet'
import type { NodeAddress } from '@anarq/qnet/record'
import fc from 'fast-check'
import { type Control, encodeControl, encodeData, parseNat } from '../../src/nat/messages.ts'
import { createLab, meeting, type Router } from './fixture.ts'

const text = new TextEncoder().encode('hello there')
const routers: Router[] = ['none', 'full cone', 'restricted', 'port restricted', 'symmetric']

test('two behind routers of any kinds talk at once over a broker, and directly where their routers allow it [SW-ROL-5, SW-OVL-1]', () => {
  for (const left of routers) {
    for (const right of routers) {
      const { lab, middle, a, b } = meeting(1, left, right)
      a.nat.connect(b.id, middle.id)
      const relayedMs = lab.net.runUntil(
        () => a.nat.pathTo(b.id) !== 'none' && b.nat.pathTo(a.id) !== 'none',
        5000,
      )
      assert.ok(relayedMs !== undefined, `${left} and ${right}`)
      lab.net.run(60_000)
      const hard = (router: Router) => router === 'symmetric' || router === 'port restricted'
      const isBlocked = (left === 'symmetric' && hard(right)) || (right === 'symmetric' && hard(left))
      const expected = isBlocked ? 'relayed' : 'direct'
      assert.deepEqual([a.nat.pathTo(b.id), b.nat.pathTo(a.id)], [expected, expected], `${left} and ${right}`)
      assert.equal(middle.nat.load().pairs, isBlocked ? 1 : 0)
      a.say(b.id, text)
      b.say(a.id, text)
      lab.net.run(2000)
      assert.deepEqual([a.heard.length, b.heard.length], [1, 1], `${left} and ${right}`)
      assert.deepEqual([...a.blamed, ...b.blamed, ...middle.blamed], [])
    }
  }
})

test('where punching fails the broker goes on relaying, and what it carries it cannot read [SW-ROL-6]', () => {
  const { lab, middle, a, b } = meeting(2, 'symmetric', 'symmetric')
  a.nat.connect(b.id, middle.id)
  lab.net.run(60_000)
  for (let n = 0; n < 20; n += 1) a.say(b.id, text)
  lab.net.run(2000)
  assert.equal(b.heard.length, 20)
  assert.ok(lab.carried.length > 20)
  const plain = Buffer.from(text)
  for (const bytes of lab.carried) assert.equal(Buffer.from(bytes).indexOf(plain), -1)
  // A way that was shut may be open later: it is tried again.
  const dialled = a.dialled.length
  lab.net.run(11 * 60_000)
  assert.ok(a.dialled.length > dialled)
})

test('a direct link that carries nothing is no path: the relayed one stays and nothing is lost [SW-ROL-6, AQ-QNET-8]', () => {
  const { lab, middle, a, b } = meeting(3, 'none', 'restricted')
  b.isDeaf = true
  a.nat.connect(b.id, middle.id)
  lab.net.run(60_000)
  assert.deepEqual([a.nat.pathTo(b.id), b.nat.pathTo(a.id)], ['relayed', 'relayed'])
  assert.ok(!a.paths.includes('direct') && !b.paths.includes('direct'))
  a.say(b.id, text)
  lab.net.run(1000)
  assert.equal(b.heard.length, 1)
})

test('a direct path that breaks falls back to the broker by itself [AQ-QNET-8, WX-NET-2]', () => {
  const { lab, middle, a, b } = meeting(4, 'restricted', 'restricted')
  a.nat.connect(b.id, middle.id)
  lab.net.run(30_000)
  assert.equal(a.nat.pathTo(b.id), 'direct')
  assert.equal(middle.nat.load().pairs, 0)
  lab.unlink(a, b)
  assert.ok(
    lab.net.runUntil(() => a.nat.pathTo(b.id) === 'relayed' && b.nat.pathTo(a.id) === 'relayed', 5000),
  )
  a.say(b.id, text)
  lab.net.run(500)
  assert.equal(b.heard.length, 1)
})

test('both may ask for each other at once: one path comes of it', () => {
  const { lab, middle, a, b } = meeting(5, 'restricted', 'full cone')
  a.nat.connect(b.id, middle.id)
  b.nat.connect(a.id, middle.id)
  lab.net.run(30_000)
  assert.deepEqual([a.nat.pathTo(b.id), b.nat.pathTo(a.id)], ['direct', 'direct'])
  assert.equal(middle.nat.load().pairs, 0)
})

test('a broker that is gone, is none, or does not know the other, says so or is given up', () => {
  const { lab, middle, a, b } = meeting(6, 'restricted', 'restricted')
  const stranger = lab.member('restricted')
  lab.link(stranger, middle)
  lab.link(stranger, a)
  // Nobody is brought to a node that did not reserve a place.
  a.nat.connect(stranger.id, middle.id)
  lab.net.run(1000)
  assert.equal(a.reasons.at(-1), 'missing.reservation')
  stranger.nat.connect(b.id, a.id)
  lab.net.run(1000)
  assert.equal(stranger.reasons.at(-1), 'refused.no-broker')
  middle.node.isDown = true
  a.nat.connect(b.id, middle.id)
  lab.net.run(11_000)
  assert.equal(a.reasons.at(-1), 'unavailable.broker')
  assert.equal(a.nat.pathTo(b.id), 'none')
})

test('a node is brought nobody by a broker at which it has no place, and nobody speaks in the pair of others', () => {
  const { lab, middle, a, b } = meeting(7, 'symmetric', 'symmetric')
  const thief = lab.member('none')
  lab.link(thief, middle)
  lab.link(thief, b)
  const incoming = encodeControl({
    kind: 'incoming',
    from: a.id,
    pair: new Uint8Array(8),
    bytesPerSecond: 10_000,
  })
  b.nat.receive(thief.id, incoming)
  assert.equal(b.nat.pathTo(a.id), 'none')
  a.nat.connect(b.id, middle.id)
  lab.net.run(2000)
  let pair = new Uint8Array(0)
  const { receive } = b.node
  b.node.receive = (from, message) => {
    if (message[1] === 0xff) pair = message.slice(2, 10)
    receive?.(from, message)
  }
  a.say(b.id, text)
  lab.net.run(500)
  assert.equal(pair.length, 8)
  middle.nat.receive(thief.id, encodeData(pair, text))
  middle.nat.receive(thief.id, encodeControl({ kind: 'close', pair, code: 'closed' }))
  assert.deepEqual(middle.blamed, ['refused.pair', 'refused.pair'])
  assert.equal(middle.nat.load().pairs, 1)
})

test('a place is had at a broker that was asked, for as long as it is renewed and linked; a liar gives none [SW-SEC-3]', () => {
  const { lab, middle, a, b } = meeting(12, 'restricted', 'restricted')
  const liar = lab.member('none')
  lab.link(a, liar)
  a.nat.receive(liar.id, encodeControl({ kind: 'reserved', lifeMs: 60_000, observed: [] }))
  assert.deepEqual(a.nat.places.ids(), [middle.id], 'it did not ask that one')
  a.nat.places.reserve(liar.id)
  lab.net.run(1000)
  assert.deepEqual(a.nat.places.ids(), [middle.id], 'who is no broker says so')
  lab.net.run(30 * 60_000)
  assert.deepEqual(
    [a.nat.places.ids(), middle.nat.load().places],
    [[middle.id], 2],
    'asked for again in time',
  )

  middle.nat.lost(b.id)
  assert.equal(middle.nat.load().places, 1, 'who is not linked cannot be brought anybody')
  a.nat.connect(b.id, middle.id)
  lab.net.run(1000)
  assert.equal(a.reasons.at(-1), 'missing.reservation')
  middle.node.isDown = true
  lab.net.run(11 * 60_000)
  assert.deepEqual(a.nat.places.ids(), [], 'a broker that renews nothing is none')
})

test('what went over a broker that is gone is gone at once; what goes directly goes on [AQ-QNET-8]', () => {
  for (const router of ['symmetric', 'restricted'] as const) {
    const { lab, middle, a, b } = meeting(13, router, router)
    a.nat.connect(b.id, middle.id)
    lab.net.run(60_000)
    for (const one of [a, b]) one.nat.lost(middle.id)
    const expected = router === 'symmetric' ? 'none' : 'direct'
    assert.deepEqual([a.nat.pathTo(b.id), b.nat.pathTo(a.id)], [expected, expected])
    if (router === 'symmetric') assert.equal(a.reasons.at(-1), 'unavailable.broker')
  }
})

test('a pair has a pace, a sum and an end; a node has a number of pairs', () => {
  const paced = meeting(8, 'symmetric', 'symmetric', { pairBytesPerSecond: 10_000, pairWaitingMax: 60_000 })
  paced.a.nat.connect(paced.b.id, paced.middle.id)
  paced.lab.net.run(40_000)
  const piece = new Uint8Array(1000)
  for (let n = 0; n < 40; n += 1) paced.a.say(paced.b.id, piece)
  const before = paced.lab.net.clock.nowMs()
  assert.ok(paced.lab.net.runUntil(() => paced.b.heard.length === 40, 20_000))
  const perSecond = (40 * 1011 * 1000) / (paced.lab.net.clock.nowMs() - before)
  assert.ok(perSecond > 7_000 && perSecond < 11_000, `${perSecond} bytes a second`)
  for (let n = 0; n < 80; n += 1) paced.a.say(paced.b.id, piece)
  paced.lab.net.run(1000)
  assert.equal(paced.a.reasons.at(-1), 'limit.rate')
  assert.deepEqual(paced.middle.nat.load(), { places: 2, pairs: 0, waitingBytes: 0 })

  const summed = meeting(9, 'symmetric', 'symmetric', { pairBytesMax: 20_000 })
  summed.a.nat.connect(summed.b.id, summed.middle.id)
  summed.lab.net.run(40_000)
  for (let n = 0; n < 30; n += 1) summed.a.say(summed.b.id, piece)
  summed.lab.net.run(2000)
  assert.equal(summed.b.reasons.at(-1), 'limit.bytes')

  const timed = meeting(10, 'symmetric', 'symmetric', { pairMs: 60_000 })
  timed.a.nat.connect(timed.b.id, timed.middle.id)
  timed.lab.net.run(61_500)
  assert.equal(timed.a.reasons.at(-1), 'limit.time')

  const counted = meeting(11, 'symmetric', 'symmetric', { pairsPerNodeMax: 0 })
  counted.a.nat.connect(counted.b.id, counted.middle.id)
  counted.lab.net.run(1000)
  assert.equal(counted.a.reasons.at(-1), 'limit.pairs-of-node')
  assert.ok(counted.lab.net.clock.nowMs() > 0)
})

test('a node learns from others in other networks whether it can be dialled [SW-OVL-1]', () => {
  for (const router of routers) {
    const lab = createLab(12)
    const asker = lab.member(router)
    const others = [1, 2, 3].map(() => lab.member('none'))
    for (const other of others) lab.link(asker, other)
    // A router that asks for the address alone, and not the port, lets in whom its host has a link to: the asked ones too.
    const isOpen = router === 'none' || router === 'full cone' || router === 'restricted'
    let result = ''
    asker.nat.probe(
      [asker.address],
      others.map(({ id }) => id),
      (reachability) => (result = reachability),
    )
    lab.net.run(16_000)
    assert.equal(result, isOpen ? 'reachable' : 'unreachable', router)
  }
})

test('nobody is made to dial a third party, or anybody often [SW-SEC-3]', () => {
  const lab = createLab(13)
  const [asker, victim, helper] = [lab.member('none'), lab.member('none'), lab.member('none')]
  lab.link(asker, helper)
  lab.link(victim, helper)
  let result = ''
  asker.nat.probe([victim.address], [helper.id], (reachability) => (result = reachability))
  lab.net.run(16_000)
  assert.deepEqual([result, helper.dialled], ['unknown', []])
  for (let n = 0; n < 50; n += 1) asker.nat.probe([asker.address], [helper.id], () => {})
  lab.net.run(16_000)
  assert.equal(helper.dialled.length, 1)
  // A number that nobody drew says nothing.
  asker.nat.arrived(new Uint8Array(16))
})

test('whatever bytes come, the parser gives what it means or a fault, and a flood is cut off [SW-SEC-3]', () => {
  const id = textOfNodeId(new Uint8Array(32).fill(7))
  const pair = new Uint8Array(8).fill(1)
  const nonce = new Uint8Array(16).fill(2)
  const addresses: NodeAddress[] = [{ transport: 'tcp', host: '203.0.113.7', port: 7 }]
  const messages: Control[] = [
    { kind: 'probe', nonce, addresses },
    { kind: 'probed', nonce, outcome: 'foreign' },
    { kind: 'reserve' },
    { kind: 'reserved', lifeMs: 60_000, observed: addresses },
    { kind: 'open', to: id },
    { kind: 'opened', to: id, pair, observed: [], bytesPerSecond: 262_144 },
    { kind: 'incoming', from: id, pair, bytesPerSecond: 1024 },
    { kind: 'refused', to: id, code: 'limit.pairs' },
    { kind: 'close', pair, code: 'closed' },
    { kind: 'connect', attempt: 1, addresses },
    { kind: 'meet', attempt: 1, addresses },
    { kind: 'start', attempt: 1 },
    { kind: 'trial', nonce },
  ]
  for (const message of messages) assert.deepEqual(parseNat(encodeControl(message)), message)
  assert.deepEqual(parseNat(encodeData(pair, text)), { kind: 'data', pair, bytes: Uint8Array.from(text) })
  const judge = (bytes: Uint8Array): void => {
    try {
      parseNat(bytes)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), judge))
  const mutations = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(
      fc.constantFrom(...messages.map(encodeControl)),
      mutations,
      fc.nat(),
      (bytes, changes, cut) => {
        const hostile = bytes.slice()
        for (const [at, value] of changes) hostile[at % hostile.length] = value
        judge(hostile)
        judge(bytes.slice(0, cut % bytes.length))
      },
    ),
  )
  assert.throws(() => parseNat(new Uint8Array(2000)), { code: 'limit.message' })
  assert.throws(() => parseNat(new Uint8Array(70_000).fill(0xff)), { code: 'limit.message' })
  const { middle, a } = meeting(14, 'restricted', 'restricted')
  for (let n = 0; n < 200; n += 1) middle.nat.receive(a.id, encodeControl({ kind: 'reserve' }))
  assert.equal(new Set(middle.blamed).size, 1)
  assert.ok(middle.blamed.length > 90 && middle.blamed[0] === 'limit.rate')
})
