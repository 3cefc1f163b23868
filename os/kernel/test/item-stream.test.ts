/** What is put into another node's folder, on its way: whole however it is cut, and refused where it is anything else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { type PutItem, smallBytesMax, streamContent } from '@anarq/flows'
import fc from 'fast-check'
import { decodeItems, encodeItems } from '../src/peers/item-stream.ts'

type Plain = { readonly path: string; readonly content: string | undefined; readonly size?: number }

const name = fc.stringMatching(/^[a-z][a-z0-9 ]{0,20}[a-z0-9]$/)
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
const sizes = fc.oneof(
  fc.integer({ min: 0, max: 3000 }),
  fc.constantFrom(smallBytesMax, smallBytesMax + 1, 64 * 1024, 300_000),
)
const plain = fc.record(
  { path, size: sizes, how: fc.constantFrom('small', 'stream', 'unknown', 'broken', 'folder', 'skipped') },
  { noNullPrototype: true },
)

const bytesFor = (size: number): Uint8Array => new Uint8Array(size).fill(size % 251)

async function* listed(items: readonly PutItem[]): AsyncIterable<readonly PutItem[]> {
  for (const item of items) yield [item]
}

async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncIterable<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] as number
    yield bytes.subarray(at, at + length)
    at += length
  }
}

async function* pieces(bytes: Uint8Array, fault?: Fault): AsyncIterable<Uint8Array> {
  yield bytes.subarray(0, bytes.length / 2)
  if (fault !== undefined) throw fault
  yield bytes.subarray(bytes.length / 2)
}

function itemOf({ path: at, size, how }: { path: string; size: number; how: string }): PutItem {
  const fault = new Fault('conflict.changing', 'It was being changed.')
  if (how === 'folder') return { kind: 'folder', path: at, modifiedMs: size }
  if (how === 'skipped') return { kind: 'skipped', path: at, fault }
  const isSmall = how === 'small' && size <= smallBytesMax
  const content = isSmall
    ? { kind: 'small' as const, readAll: () => bytesFor(size) }
    : streamContent(pieces(bytesFor(size), how === 'broken' ? fault : undefined))
  return { kind: 'file', path: at, bytes: how === 'unknown' ? undefined : size, modifiedMs: size, content }
}

async function plainOf(item: PutItem): Promise<Plain> {
  if (item.kind === 'skipped') return { path: item.path, content: item.fault.code }
  if (item.kind === 'folder') return { path: item.path, content: undefined, size: item.modifiedMs }
  const { path: at, content, modifiedMs: size } = item
  if (content.kind === 'small') return { path: at, content: shown(content.readAll()), size }
  const reader = await content.open()
  const all: Uint8Array[] = []
  try {
    const into = new Uint8Array(10_000)
    for (let read = await reader.read(into); read > 0; read = await reader.read(into))
      all.push(into.slice(0, read))
  } catch (error) {
    return { path: at, content: (error as Fault).code }
  }
  return { path: at, content: shown(concatBytes(...all)), size }
}

const shown = (bytes: Uint8Array): string => `${bytes.length} of ${bytes[0] ?? ''} to ${bytes.at(-1) ?? ''}`

async function encoded(items: readonly PutItem[]): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of encodeItems(listed(items))) all.push(piece)
  return concatBytes(...all)
}

async function decoded(from: AsyncIterable<Uint8Array>): Promise<Plain[]> {
  const all: Plain[] = []
  for await (const batch of decodeItems(from)) for (const item of batch) all.push(await plainOf(item))
  return all
}

test('items come as they were, however the stream is cut, and a file that broke says so', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plain, { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 4 }),
      async (items, lengths) => {
        const expected = items.map(({ path: at, size, how }): Plain => {
          if (how === 'folder') return { path: at, content: undefined, size }
          if (how === 'skipped' || how === 'broken') return { path: at, content: 'conflict.changing' }
          return { path: at, content: shown(bytesFor(size)), size }
        })
        assert.deepEqual(await decoded(cut(await encoded(items.map(itemOf)), lengths)), expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('a content that nobody reads is passed over, and what follows it comes', async () => {
  const stream = await encoded([
    itemOf({ path: 'large', size: 300_000, how: 'stream' }),
    itemOf({ path: 'broken', size: 300_000, how: 'broken' }),
    itemOf({ path: 'small', size: 5, how: 'small' }),
  ])
  const paths: string[] = []
  for await (const batch of decodeItems(cut(stream, [9000]))) paths.push(...batch.map((item) => item.path))
  assert.deepEqual(paths, ['large', 'broken', 'small'])
})

test('whatever else comes is invalid.items, never anything worse', async () => {
  const sound = await encoded([
    itemOf({ path: 'a', size: 100, how: 'small' }),
    itemOf({ path: 'b', size: 200_000, how: 'stream' }),
  ])
  const changed = fc.tuple(fc.nat(sound.length - 1), fc.nat(255)).map(([at, byte]) => {
    const copy = sound.slice()
    copy[at] = byte
    return copy
  })
  const shortened = fc.nat(sound.length).map((length) => sound.subarray(0, length))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed, shortened), async (bytes) => {
      try {
        await decoded(cut(bytes, [1000]))
      } catch (error) {
        assert.ok(hasCode(error, 'invalid.items'), String(error))
      }
    }),
    { numRuns: 300 },
  )
})
