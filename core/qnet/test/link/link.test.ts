import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { messageBytesMax } from '@anarq/qnet'
import { cellBytes } from '@anarq/qnet/link'
import fc from 'fast-check'
import { createLab, createPair, opened } from './lab.ts'

test('[QN-CRY-1] two nodes meet, each has proved its id to the other, and messages and cells arrive', () => {
  const peers: string[] = []
  const { lab, a, b, ids } = createPair({
    events: [{ onOpen: (peer) => void peers.push(peer) }, { onOpen: (peer) => void peers.push(peer) }],
  })
  assert.ok(a.link.sendMessage(fromUtf8('written before the link was open')))
  lab.run(10)
  assert.deepEqual(peers, [ids[1], ids[0]])
  assert.equal(a.link.peer, ids[1])
  assert.equal(b.link.peer, ids[0])
  assert.ok(b.link.sendMessage(fromUtf8('back')))
  assert.ok(b.link.sendMessage(new Uint8Array(0)))
  assert.ok(a.link.sendCell(new Uint8Array(cellBytes).fill(7)))
  assert.equal(a.link.sendCell(new Uint8Array(cellBytes - 1)), false)
  lab.run(10)
  assert.deepEqual(b.messages.map(toUtf8), ['written before the link was open'])
  assert.deepEqual(a.messages.map(toUtf8), ['back', ''])
  assert.deepEqual(b.cells, [new Uint8Array(cellBytes).fill(7)])
})

test('no two cells differ in size on the wire, and nothing that is said stands in it', () => {
  const { lab, a, b } = opened()
  const before = a.wire.length
  for (const fill of [0, 1, 255]) a.link.sendCell(new Uint8Array(cellBytes).fill(fill))
  const sizes = a.wire.slice(before).map(({ length }) => length)
  assert.deepEqual(sizes, [4122, 4122, 4122])
  a.link.sendMessage(fromUtf8('a secret that is long enough to be found'))
  lab.run(5)
  assert.equal(b.messages.length, 1)
  const wire = toHex(Buffer.concat([...a.wire, ...b.wire]))
  assert.ok(!wire.includes(toHex(fromUtf8('a secret'))))
  assert.equal(new Set(a.wire.slice(before, before + 3).map(toHex)).size, 3)
})

test('a link to another node than the one that is there, or of another network, does not open', () => {
  const { lab, a, b } = createPair({ networks: [fromUtf8('one'), fromUtf8('two')] })
  lab.run(20_000)
  assert.equal(a.link.peer, undefined)
  assert.equal(b.closed[0]?.reason, 'handshake')
  assert.equal(a.closed[0]?.reason, 'transport')
})

test('a handshake that is not finished in time is over', () => {
  const { lab, a, b } = createPair()
  a.tap = () => undefined
  lab.run(9_999)
  assert.equal(b.closed.length, 0)
  lab.run(2)
  assert.equal(b.closed[0]?.reason, 'handshake')
  lab.run(10)
  assert.equal(a.closed[0]?.reason, 'transport')
})

test('wrong first bytes end the handshake with the first three of them', () => {
  const { b } = createPair()
  b.link.receive(fromUtf8('GET'))
  assert.equal(b.closed[0]?.reason, 'handshake')
  assert.equal(b.wire.length, 0, 'a stranger is not answered')
})

test('whatever a link is given in pieces of any size, it reads the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (chunkBytes) => {
      const { lab, a, b } = opened({ chunkBytes })
      const message = new Uint8Array(70_000).map((_, i) => i)
      a.link.sendMessage(message)
      lab.run(10)
      assert.deepEqual(b.messages, [message])
    }),
    { numRuns: 15 },
  )
})

test('a changed, repeated, dropped or reordered frame ends the link before anything of it is given out', () => {
  const lies: readonly ((bytes: Uint8Array[]) => Uint8Array[])[] = [
    ([one, two]) => [changed(one!, 12), two!],
    ([one, two]) => [changed(one!, 3), two!],
    ([one, two]) => [changed(one!, one!.length - 1), two!],
    ([one, two]) => [two!, one!],
    ([, two]) => [two!],
  ]
  for (const lie of lies) {
    const { lab, a, b } = opened()
    const sent: Uint8Array[] = []
    a.tap = (bytes) => void sent.push(bytes)
    a.link.sendMessage(fromUtf8('first'))
    a.link.sendMessage(fromUtf8('second'))
    for (const bytes of lie(sent)) b.link.receive(bytes)
    assert.deepEqual(b.messages, [])
    assert.equal(b.closed[0]?.reason, 'protocol')
    lab.run(10)
    assert.deepEqual([a.closed[0]?.reason, a.closed[0]?.isByPeer], ['protocol', true])
  }
  const { a, b } = opened()
  const sent: Uint8Array[] = []
  a.tap = (bytes) => void sent.push(bytes)
  a.link.sendMessage(fromUtf8('once'))
  for (const bytes of [...sent, ...sent]) b.link.receive(bytes)
  assert.deepEqual(b.messages.map(toUtf8), ['once'], 'a repeated frame is not given out twice')
  assert.equal(b.closed[0]?.reason, 'protocol')
})

test('random bytes on an open link, and changes anywhere, never throw and never give out what was not said', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (noise, at) => {
      const { lab, a, b } = opened()
      a.tap = (bytes) => {
        const where = at % bytes.length
        return Buffer.concat([bytes.subarray(0, where), noise, bytes.subarray(where)])
      }
      a.link.sendMessage(fromUtf8('said'))
      a.link.sendCell(new Uint8Array(cellBytes))
      lab.run(200_000)
      for (const message of b.messages) assert.equal(toUtf8(message), 'said')
      assert.equal(b.closed.length, 1)
    }),
    { numRuns: 60 },
  )
})

test('the first message of a handshake, said again to the same node, leads nowhere', () => {
  const first = opened()
  const second = createPair()
  second.a.tap = () => undefined
  for (const bytes of first.a.wire) second.b.link.receive(bytes)
  assert.equal(second.b.link.peer, undefined)
  assert.equal(second.b.closed[0]?.reason, 'handshake')
})

test('messages of the largest size interleave, and a small one does not wait for them', () => {
  const { lab, a, b } = createPair()
  const large = [1, 2, 3].map((fill) => new Uint8Array(messageBytesMax).fill(fill))
  for (const message of large) assert.ok(a.link.sendMessage(message), 'before the handshake all wait')
  assert.ok(a.link.sendMessage(fromUtf8('small')))
  assert.equal(a.link.sendMessage(new Uint8Array(messageBytesMax + 1)), false)
  lab.run(10)
  assert.deepEqual(
    b.messages.map(({ length }) => length),
    [5, ...large.map(({ length }) => length)],
  )
  for (const [i, message] of large.entries()) assert.ok(Buffer.compare(b.messages[i + 1]!, message) === 0)
})

test('more than fits is refused by the sender, and nothing that was taken is lost', () => {
  const { lab, a, b } = createPair({ limits: { messageBytesQueuedMax: 100_000 } })
  let taken = 0
  for (let i = 0; i < 20; i += 1) if (a.link.sendMessage(new Uint8Array(10_000))) taken += 1
  assert.equal(taken, 10)
  lab.run(20)
  assert.equal(b.messages.length, 10)
})

test('a round trip is measured, and a clock that is set back is not believed', () => {
  const { lab, a } = opened({ delayMs: 20 })
  a.link.ping()
  lab.run(100)
  assert.deepEqual(a.latencies, [40])
  assert.equal(a.link.latencyMs, 40)
  a.link.ping()
  lab.setClock(-3600_000)
  lab.run(100)
  assert.deepEqual(a.latencies, [40])
  a.link.ping()
  lab.run(100)
  assert.deepEqual(a.latencies, [40, 40])
})

test('a peer that went away without a word is found out by its silence', () => {
  const { lab, a, b } = opened()
  a.tap = () => undefined
  b.tap = () => undefined
  lab.run(95_000)
  assert.deepEqual([a.closed[0]?.reason, b.closed[0]?.reason].sort(), ['silent', 'transport'])
})

test('a quiet link stays open for hours, with fresh keys', () => {
  const { lab, a, b } = opened()
  lab.run(3 * 3600_000)
  assert.deepEqual([a.closed, b.closed], [[], []])
  a.link.sendMessage(fromUtf8('still here'))
  lab.run(10)
  assert.equal(b.messages.length, 1)
})

test('whoever closes has sent what was queued, and hears what was under way', () => {
  const { lab, a, b } = opened({ delayMs: 50 })
  a.link.sendMessage(new Uint8Array(300_000))
  b.link.sendMessage(new Uint8Array(200_000))
  a.link.close('goingAway', { text: 'updating' })
  assert.equal(a.link.sendMessage(new Uint8Array(1)), false)
  lab.run(500)
  assert.deepEqual([a.messages[0]?.length, b.messages[0]?.length], [200_000, 300_000])
  assert.deepEqual(b.closed, [{ reason: 'goingAway', text: 'updating', isByPeer: true }])
  assert.deepEqual(a.closed, [{ reason: 'goingAway', text: 'updating', isByPeer: false }])
})

test('many pings cost the peer the link', () => {
  const lab = createLab()
  const { a, b } = opened({ lab, limits: { heartbeatMs: 30_000 } })
  for (let i = 0; i < 300; i += 1) {
    a.link.ping()
    lab.run(3)
  }
  assert.equal(b.closed[0]?.reason, 'limit')
})

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = copy[at]! ^ 1
  return copy
}
