/** What goes into headers, lines and pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeHeader, dispositionOf, encodeHeader, mediaTypeOf } from '../src/content-headers.ts'
import { eventStream, lineStream, readLines } from '../src/ndjson.ts'
import { html, page, pagePolicy } from '../src/pages/html.ts'
import { socketOf } from '../src/socket.ts'

test('JSON of any text goes through a header', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = encodeHeader({ value })
      assert.match(text, /^[A-Za-z0-9_-]+$/)
      assert.deepEqual(decodeHeader(text), JSON.parse(JSON.stringify({ value })))
    }),
  )
})

test('a file name goes into Content-Disposition in both forms, and cannot leave it', () => {
  assert.equal(dispositionOf('a.txt'), `attachment; filename="a.txt"; filename*=UTF-8''a.txt`)
  assert.equal(
    dispositionOf('ä "x"\\(1)*.txt'),
    `attachment; filename="_ _x__(1)*.txt"; filename*=UTF-8''%C3%A4%20%22x%22%5C%281%29%2A.txt`,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      assert.match(
        dispositionOf(name),
        /^attachment; filename="[ !#-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9!%~._-]*$/,
      )
    }),
    { examples: [['a\r\nSet-Cookie: x=1'], ['\ud800'], ['"']] },
  )
})

for (const [type, sent] of [
  ['text/plain', 'text/plain'],
  ['text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
  ['image/svg+xml', 'image/svg+xml'],
  ['text/html\r\nX: y', 'application/octet-stream'],
  ['', 'application/octet-stream'],
  ['nonsense', 'application/octet-stream'],
] as const) {
  test(`the media type ${JSON.stringify(type)} is sent as ${sent}`, () =>
    assert.equal(mediaTypeOf(type), sent))
}

test('events come in order, and the outcome or the error is the last', async () => {
  const good = eventStream(
    async (emit) => {
      emit({ n: 1 })
      emit({ n: 2 })
      return { done: true }
    },
    () => ({}),
  )
  assert.deepEqual(await linesOf(good), [{ n: 1 }, { n: 2 }, { done: true }])
  const bad = eventStream(
    async () => {
      throw new Error('no')
    },
    (error) => ({ error: (error as Error).message }),
  )
  assert.deepEqual(await linesOf(bad), [{ error: 'no' }])
})

test('lines come through whatever pieces they are cut into', async () => {
  const things = Array.from({ length: 200 }, (_, i) => ({ i, text: `ü\n${'x'.repeat(i)}` }))
  async function* all(): AsyncIterable<object> {
    yield* things
    throw new Error('broken')
  }
  const bytes: Buffer[] = []
  for await (const piece of lineStream(all(), () => ({ error: true }))) bytes.push(Buffer.from(piece))
  const whole = Buffer.concat(bytes)
  async function* cut(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < whole.length; at += 7) yield whole.subarray(at, at + 7)
  }
  assert.deepEqual(await linesOf(cut()), [...things, { error: true }])
})

test('a line that was cut off is given to nobody', async () => {
  async function* cut(): AsyncIterable<Uint8Array> {
    yield Buffer.from('{"a":1}\n{"b":')
  }
  assert.deepEqual(await linesOf(cut()), [{ a: 1 }])
})

test('what is put into a page is text, whatever it looks like', () => {
  const name = `<script>alert('1')</script>&"`
  const text = page(name, html`<p title="${name}">${[name, html`<b>${name}</b>`]}</p>`)
  assert.doesNotMatch(text, /<script|alert\('/)
  assert.match(text, /<b>&#60;script&#62;/)
  assert.match(pagePolicy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; /)
})

test('the socket lies in the home folder; on Windows it is a pipe named after it', () => {
  assert.equal(socketOf('/home/a/.anarq', 'linux'), '/home/a/.anarq/node.sock')
  assert.match(socketOf('C:\\Users\\a\\.anarq', 'win32'), /^\\\\\.\\pipe\\anarq-[0-9a-f]+$/)
})

async function linesOf(source: AsyncIterable<Uint8Array>): Promise<unknown[]> {
  const lines: unknown[] = []
  for await (const line of readLines(source)) lines.push(line)
  return lines
}
