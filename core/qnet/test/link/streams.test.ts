import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { type LinkStream, resetCode, type StreamEvents, streamsMax } from '@anarq/qnet/link'
import fc from 'fast-check'
import { createLab, opened, type PairOptions } from './lab.ts'

type Heard = StreamEvents & {
  readonly bytes: Uint8Array[]
  readonly said: string[]
  stream?: LinkStream
}

test('[QN-PRF-2] many streams share one link, each in order, and both directions end by themselves', () => {
  const { lab, a, incoming } = streamPair()
  const outgoing = [...Array(100).keys()].map((i) => {
    const heard = listener()
    const stream = a.link.openStream(heard)
    stream.write(fromUtf8(`question ${i}`))
    stream.write(fromUtf8(', all of it'))
    stream.end()
    return heard
  })
  lab.run(10)
  assert.equal(incoming.length, 100)
  for (const [i, heard] of incoming.entries()) {
    assert.equal(text(heard), `question ${i}, all of it`)
    assert.deepEqual(heard.said, ['end'])
    heard.stream?.write(fromUtf8(`answer ${i}`))
    heard.stream?.end()
  }
  lab.run(10)
  for (const [i, heard] of outgoing.entries()) {
    assert.equal(text(heard), `answer ${i}`)
    assert.deepEqual(heard.said, ['end'])
  }
})

test('data that begins with what looks like a length arrives whole', () => {
  const { lab, a, incoming } = streamPair()
  const data = Uint8Array.of(0, 0, 0, 2, 9, 8, 7, 6, 5)
  const stream = a.link.openStream(listener())
  stream.write(data)
  lab.run(5)
  assert.deepEqual(incoming[0]?.bytes, [data])
})

test('a reader who does not read stops its writer, and one who reads gets everything', () => {
  const { lab, a, incoming } = streamPair({}, false)
  const heard = listener()
  const stream = a.link.openStream(heard)
  const chunk = new Uint8Array(100_000).fill(3)
  let written = 0
  while (stream.write(chunk)) written += 1
  written += 1
  lab.run(20)
  const reader = incoming[0]!
  assert.equal(count(reader), 512 * 1024)
  let taken = 0
  for (let i = 0; i < 100; i += 1) {
    const now = count(reader)
    reader.stream?.consumed(now - taken)
    taken = now
    lab.run(10)
  }
  assert.equal(count(reader), written * 100_000)
  assert.ok(heard.said.includes('drain'))
})

test('streams that are not read hold up nobody beyond the window of the link', () => {
  const { lab, a, b, incoming } = streamPair({}, false)
  for (let i = 0; i < 8; i += 1) a.link.openStream(listener()).write(new Uint8Array(512 * 1024))
  lab.run(50)
  assert.equal(
    incoming.reduce((sum, heard) => sum + count(heard), 0),
    2 * 1024 * 1024,
  )
  a.link.sendMessage(fromUtf8('goes by'))
  lab.run(5)
  assert.equal(b.messages.length, 1)
  for (const { stream } of incoming) stream?.reset()
  lab.run(50)
  assert.equal(a.closed.length + b.closed.length, 0)
  const last = listener()
  a.link.openStream(last).write(new Uint8Array(2 * 1024 * 1024))
  lab.run(50)
  assert.equal(count(incoming.at(-1)!), 512 * 1024, 'what was reset is given back')
})

test('streams take turns: a little one is done while a large one is under way', () => {
  const { lab, a, incoming } = streamPair()
  const order: number[] = []
  const large = a.link.openStream(listener())
  const small = a.link.openStream(listener())
  a.tap = (bytes) => {
    order.push(bytes.length)
    return bytes
  }
  large.write(new Uint8Array(2_000_000))
  small.write(new Uint8Array(10))
  small.end()
  lab.run(100)
  assert.equal(count(incoming[0]!), 2_000_000)
  assert.equal(count(incoming[1]!), 10)
  const at = order.indexOf(10 + 11 + 26)
  assert.ok(at > 0 && order.slice(at).filter((bytes) => bytes > 32_768).length > 20)
})

test('more streams than a link may have are refused on both sides', () => {
  const { lab, a, b, incoming } = streamPair()
  const heard = [...Array(streamsMax).keys()].map(() => {
    const one = listener()
    a.link.openStream(one).write(Uint8Array.of(1))
    return one
  })
  assert.throws(() => a.link.openStream(listener()), { code: 'limit.streams' })
  lab.run(10)
  assert.equal(incoming.length, streamsMax)
  assert.deepEqual([a.closed, b.closed], [[], []])
  incoming[0]?.stream?.reset(40)
  lab.run(10)
  assert.deepEqual(heard[0]?.said, ['reset 40'])
  a.link.openStream(listener()).write(Uint8Array.of(1))
  lab.run(10)
  assert.equal(incoming.length, streamsMax + 1)
})

test('a stream that nobody takes is reset, and the link stays', () => {
  const { lab, a, b } = opened()
  const heard = listener()
  a.link.openStream(heard).write(new Uint8Array(100_000))
  lab.run(10)
  assert.deepEqual(heard.said, [`reset ${resetCode.refused}`])
  assert.deepEqual([a.closed, b.closed], [[], []])
})

test('when the link ends every stream is told, once', () => {
  const { lab, a, b, incoming } = streamPair()
  const heard = listener()
  a.link.openStream(heard).write(Uint8Array.of(1))
  lab.run(5)
  b.link.close('refused')
  lab.run(50)
  assert.deepEqual(heard.said, [`reset ${resetCode.linkClosed}`])
  assert.deepEqual(incoming[0]?.said, [`reset ${resetCode.linkClosed}`])
  assert.throws(() => a.link.openStream(listener()), { code: 'unavailable.link' })
})

test('a writer who never waits loses its stream, not the memory of its node', () => {
  const { a } = streamPair()
  a.tap = () => undefined
  const heard = listener()
  const stream = a.link.openStream(heard)
  for (let i = 0; i < 40; i += 1) stream.write(new Uint8Array(1024 * 1024))
  assert.deepEqual(heard.said, [`reset ${resetCode.limit}`])
})

test('whatever is written in whatever order on several streams comes out of each as it went in', () => {
  const writes = fc.array(fc.tuple(fc.nat(4), fc.uint8Array({ minLength: 1, maxLength: 2000 })), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(writes, fc.nat(200), (list, chunkBytes) => {
      const { lab, a, incoming } = streamPair({ chunkBytes, lab: createLab() })
      const streams = new Map<number, LinkStream>()
      const expected = new Map<number, Uint8Array[]>()
      for (const [which, bytes] of list) {
        if (!streams.has(which)) streams.set(which, a.link.openStream(listener()))
        streams.get(which)!.write(bytes)
        expected.set(which, [...(expected.get(which) ?? []), bytes])
      }
      for (const stream of streams.values()) stream.end()
      lab.run(50)
      const wanted = [...expected.values()]
      assert.equal(incoming.length, wanted.length)
      for (const [i, parts] of wanted.entries()) {
        assert.ok(Buffer.concat(incoming[i]!.bytes).equals(Buffer.concat(parts)))
        assert.deepEqual(incoming[i]!.said, ['end'])
      }
    }),
    { numRuns: 40 },
  )
})

function streamPair(options: PairOptions = {}, isReading = true) {
  const incoming: Heard[] = []
  const onStream = (stream: LinkStream): StreamEvents => {
    const heard = listener(isReading ? stream : undefined)
    heard.stream = stream
    incoming.push(heard)
    return heard
  }
  return { ...opened({ ...options, events: [{}, { onStream }] }), incoming }
}

function listener(reading?: LinkStream): Heard {
  const bytes: Uint8Array[] = []
  const said: string[] = []
  return {
    bytes,
    said,
    onData(data) {
      bytes.push(data)
      reading?.consumed(data.length)
    },
    onEnd: () => void said.push('end'),
    onReset: (code) => void said.push(`reset ${code}`),
    onDrain: () => void said.push('drain'),
  }
}

function text({ bytes }: Heard): string {
  return bytes.map((one) => toUtf8(one)).join('')
}

function count({ bytes }: Heard): number {
  return bytes.reduce((sum, { length }) => sum + length, 0)
}
