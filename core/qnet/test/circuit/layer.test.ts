import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '@anarq/random'
import fc from 'fast-check'
import {
  bodyBytes,
  command,
  dataBytesMax,
  hopsMax,
  layerBytes,
  readMessage,
  tailBytes,
  writeMessage,
} from '../../src/circuit/cell.ts'
import {
  coverBackward,
  createLayer,
  type Layer,
  openBackward,
  peelForward,
  sealBackward,
  sealForward,
} from '../../src/circuit/layer.ts'

/** Both ends of each hop's layer, forward and backward. */
function createOnion(hops = hopsMax) {
  const keys = Array.from({ length: hops }, () => [systemRandom.bytes(64), systemRandom.bytes(64)] as const)
  const each = (direction: 0 | 1) => keys.map((pair) => createLayer(pair[direction]))
  return {
    client: { forward: each(0), backward: each(1) },
    relays: { forward: each(0), backward: each(1) },
  }
}

function send(layers: readonly Layer[], data: Uint8Array): Uint8Array {
  const body = new Uint8Array(bodyBytes)
  const plain = writeMessage({ command: command.data, stream: 1, data })
  sealForward(layers, plain, systemRandom.bytes(tailBytes), body)
  return body
}

/** Through the relays from `from` on, until somebody reads it or refuses it. */
function travel(relays: readonly Layer[], body: Uint8Array, from = 0) {
  const seen = [body]
  let current = body
  for (let hop = from; hop < relays.length; hop += 1) {
    const opened = peelForward(relays[hop] as Layer, current, new Uint8Array(bodyBytes))
    if (opened === undefined) return { refusedAt: hop, seen }
    if (opened.kind === 'mine') return { readAt: hop, message: readMessage(opened.plain), seen }
    current = opened.body
    seen.push(current)
  }
  return { seen }
}

/** Link 0 is the one behind the hop that begins. */
function answer(
  relays: readonly Layer[],
  origin: number,
  data: Uint8Array,
  tamper: (body: Uint8Array, link: number) => void = () => {},
): Uint8Array {
  let body = new Uint8Array(bodyBytes)
  sealBackward(relays[origin] as Layer, writeMessage({ command: command.data, stream: 1, data }), body)
  tamper(body, 0)
  for (let hop = origin - 1; hop >= 0; hop -= 1) {
    const next = new Uint8Array(bodyBytes)
    coverBackward(relays[hop] as Layer, body, next)
    body = next
    tamper(body, origin - hop)
  }
  return body
}

const data = fc.uint8Array({ maxLength: dataBytesMax })
const flip = (body: Uint8Array, bit: number): void => {
  body[bit >> 3] = (body[bit >> 3] as number) ^ (1 << (bit & 7))
}
const anyBit = fc.nat(bodyBytes * 8 - 1)

test('what the client seals for a hop is read there and nowhere before, in any order of targets', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: hopsMax }), data), { minLength: 1, maxLength: 90 }),
      (cells) => {
        const { client, relays } = createOnion()
        for (const [hops, bytes] of cells) {
          const { readAt, message, seen } = travel(relays.forward, send(client.forward.slice(0, hops), bytes))
          assert.equal(readAt, hops - 1)
          assert.deepEqual(message?.data, bytes)
          for (const body of seen) assert.equal(body.length, bodyBytes)
        }
      },
    ),
    { numRuns: 12 },
  )
})

test('what a hop answers is read by the client as that hop’s, whichever hop began it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(hopsMax - 1), data), { minLength: 1, maxLength: 90 }), (cells) => {
      const { client, relays } = createOnion()
      for (const [origin, bytes] of cells) {
        const opened = openBackward(client.backward, answer(relays.backward, origin, bytes))
        assert.equal(opened?.hop, origin)
        assert.deepEqual(opened && readMessage(opened.plain)?.data, bytes)
      }
    }),
    { numRuns: 12 },
  )
})

test('[QN-PRV-7] any bit flipped on any link forward is refused by the next hop, on the way back by the client', () => {
  fc.assert(
    fc.property(anyBit, fc.nat(hopsMax - 1), data, (bit, link, bytes) => {
      const { client, relays } = createOnion()
      const body = send(client.forward, bytes)
      const before = travel(relays.forward.slice(0, link), body).seen.at(-1) as Uint8Array
      flip(before, bit)
      assert.equal(travel(relays.forward, before, link).refusedAt, link)

      const received = answer(relays.backward, hopsMax - 1, bytes, (body, at) => {
        if (at === link) flip(body, bit)
      })
      const opened = openBackward(client.backward, received)
      // Between relays the last 17 bytes are let go by the next one and made again by the client: a change there reaches nobody.
      const reachesNobody = link < hopsMax - 1 && bit >= (bodyBytes - layerBytes) * 8
      if (reachesNobody) assert.deepEqual(opened && readMessage(opened.plain)?.data, bytes)
      else assert.equal(opened, undefined)
    }),
    { numRuns: 150 },
  )
})

test('[QN-PRV-7] a cell dropped, repeated or overtaken on any link is refused by the next hop, and by the client', () => {
  fc.assert(
    fc.property(
      fc.nat(hopsMax - 1),
      fc.constantFrom('drop', 'repeat', 'swap'),
      fc.integer({ min: 0, max: 40 }),
      (link, deed, before) => {
        const { client, relays } = createOnion()
        const bytes = systemRandom.bytes(100)
        const upTo = (): Uint8Array =>
          travel(relays.forward.slice(0, link), send(client.forward, bytes)).seen.at(-1) as Uint8Array
        for (let i = 0; i < before; i += 1)
          assert.equal(travel(relays.forward, upTo(), link).readAt, hopsMax - 1)
        const [first, second] = [upTo(), upTo()]
        if (deed === 'repeat') travel(relays.forward, first, link)
        assert.equal(travel(relays.forward, deed === 'repeat' ? first : second, link).refusedAt, link)

        const back = [answer(relays.backward, 2, bytes), answer(relays.backward, 2, bytes)] as const
        if (deed === 'repeat') assert.ok(openBackward(client.backward, back[0]))
        assert.equal(openBackward(client.backward, deed === 'repeat' ? back[0] : back[1]), undefined)
      },
    ),
    { numRuns: 40 },
  )
})

test('[QN-PRV-7] the first and the last hop together cannot tag: what one changes the honest middle refuses', () => {
  fc.assert(
    fc.property(anyBit, (bit) => {
      const { client, relays } = createOnion()
      const opened = peelForward(
        relays.forward[0] as Layer,
        send(client.forward, systemRandom.bytes(9)),
        new Uint8Array(bodyBytes),
      )
      assert.ok(opened?.kind === 'pass')
      flip(opened.body, bit)
      assert.equal(travel(relays.forward, opened.body, 1).refusedAt, 1)
    }),
    { numRuns: 60 },
  )
})

test('a hop cannot tell its place: at every hop every byte is as random as at every other', () => {
  const rounds = 400
  const counts = [0, 1, 2].map(() => ({ ends: new Uint32Array(256), repeats: 0 }))
  const { client, relays } = createOnion()
  const lastTails: Uint8Array[] = []
  for (let round = 0; round < rounds; round += 1) {
    // Cells that all say the same to the same hop: only keys and numbers differ.
    const { seen } = travel(relays.forward, send(client.forward, new Uint8Array(0)))
    for (const [hop, body] of seen.entries()) {
      const place = counts[hop] as (typeof counts)[number]
      for (const byte of body.subarray(-tailBytes * 3)) place.ends[byte] = (place.ends[byte] as number) + 1
      if (lastTails[hop] !== undefined && equalTail(lastTails[hop], body)) place.repeats += 1
      lastTails[hop] = body
    }
  }
  const expected = (rounds * tailBytes * 3) / 256
  for (const { ends, repeats } of counts) {
    const chiSquare = ends.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
    // 255 degrees of freedom: beyond 370 once in a hundred thousand runs.
    assert.ok(chiSquare < 370, `χ² ${chiSquare}`)
    assert.equal(repeats, 0)
  }
})

test('messages to the first hop look like messages to the last: the free part of the tail is random', () => {
  const { client } = createOnion()
  for (const hops of [1, 2, 3]) {
    const bodies = [0, 1].map(() => send(client.forward.slice(0, hops), new Uint8Array(0)))
    assert.ok(!equalTail(bodies[0] as Uint8Array, bodies[1] as Uint8Array))
    assert.ok((bodies[0] as Uint8Array).subarray(-tailBytes).some((byte) => byte !== 0))
  }
})

test('a message that says it is longer than a cell is none', () => {
  const plain = writeMessage({ command: command.data, stream: 7, data: new Uint8Array(dataBytesMax) })
  assert.equal(readMessage(plain)?.data.length, dataBytesMax)
  plain[3] = 0xff
  assert.equal(readMessage(plain), undefined)
  assert.equal(readMessage(plain.subarray(1)), undefined)
  assert.throws(
    () => writeMessage({ command: 0, stream: 0, data: new Uint8Array(dataBytesMax + 1) }),
    RangeError,
  )
})

test('a layer that was erased opens nothing it would have opened', () => {
  const { client, relays } = createOnion(1)
  const body = send(client.forward, new Uint8Array(3))
  relays.forward[0]?.erase()
  assert.equal(travel(relays.forward, body).refusedAt, 0)
})

function equalTail(a: Uint8Array, b: Uint8Array): boolean {
  return a.subarray(-tailBytes).every((byte, i) => byte === b.at(i - tailBytes))
}
