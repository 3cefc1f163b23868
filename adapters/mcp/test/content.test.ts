import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import type { Sdk } from '@anarq/sdk'
import type { ContentBlock } from '@modelcontextprotocol/server'
import fc from 'fast-check'
import { readContent, textBytesMax } from '../src/content.ts'

/** A storage of one file. */
function holding(bytes: Uint8Array, type: string): Sdk {
  const storage: Partial<Sdk['storage']> = {
    entry: async ({ path }) => {
      const facts = {
        id: '',
        kind: 'file',
        name: 'x',
        modifiedMs: 0,
        tags: [],
        versions: 1,
        isTrashed: false,
      } as const
      return { ...facts, path, type, bytes: bytes.length }
    },
    read: async ({ fromByte = 0, toByte = bytes.length }) => {
      assert.ok(fromByte <= toByte && toByte <= bytes.length, 'a range lies in the file')
      return { bytes: bytes.subarray(fromByte, toByte), type, totalBytes: bytes.length }
    },
  }
  return { storage } as Sdk
}

type Part = { readonly bytes: Uint8Array; readonly fromByte: number; readonly toByte: number }

/** What an assistant gets that follows the notes, in parts of at most `step` bytes. */
async function partsOf(sdk: Sdk, step: number | undefined): Promise<Part[]> {
  const parts: Part[] = []
  for (let fromByte = 0; ; ) {
    const toByte = step === undefined ? undefined : fromByte + step
    const { content } = await readContent(sdk, { path: '/x', fromByte, toByte })
    const [block, note] = content
    const bytes = bytesOf(block)
    const said = note?.type === 'text' ? note.text : `[Bytes 0 to ${bytes.length} of`
    const [, from, to] = /^\[Bytes (\d+) to (\d+) of/.exec(said) ?? []
    parts.push({ bytes, fromByte: Number(from), toByte: Number(to) })
    const next = /begins at fromByte (\d+)/.exec(said)?.[1]
    if (next === undefined) return parts
    assert.ok(Number(next) > fromByte, 'each part gets further')
    fromByte = Number(next)
  }
}

function bytesOf(block: ContentBlock | undefined): Uint8Array {
  if (block?.type === 'text') return fromUtf8(block.text)
  if (block?.type === 'resource' && 'blob' in block.resource)
    return Buffer.from(block.resource.blob, 'base64')
  return assert.fail(`no content: ${JSON.stringify(block)}`)
}

const joined = (parts: readonly Part[]): Buffer => Buffer.concat(parts.map(({ bytes }) => bytes))
const anyText = fc.string({ unit: 'grapheme', maxLength: 40 }).map(fromUtf8)
const anyBytes = fc.uint8Array({ maxLength: 60 })
const textType = fc.constantFrom('text/plain', 'application/octet-stream', 'image/svg+xml')
const otherType = fc.constantFrom('application/pdf', 'image/png', 'video/mp4')
const anyStep = fc.integer({ min: 1, max: 9 })

test('parts of any size put together are the file, and each gets further', async () => {
  const files = fc.oneof(fc.tuple(anyText, fc.oneof(textType, otherType)), fc.tuple(anyBytes, otherType))
  await fc.assert(
    fc.asyncProperty(files, anyStep, async ([bytes, type], step) => {
      assert.deepEqual(joined(await partsOf(holding(bytes, type), step)), Buffer.from(bytes))
    }),
    { numRuns: 200 },
  )
})

test('a part is the bytes that its note names, whatever a file holds that calls itself text', async () => {
  await fc.assert(
    fc.asyncProperty(anyBytes, textType, anyStep, async (bytes, type, step) => {
      for (const part of await partsOf(holding(bytes, type), step))
        assert.deepEqual(Buffer.from(part.bytes), Buffer.from(bytes.subarray(part.fromByte, part.toByte)))
    }),
    { numRuns: 200 },
  )
})

test('a long text comes in parts without being asked to, cut between characters', async () => {
  const long = fromUtf8(`x${'🍵'.repeat(textBytesMax / 2)}`)
  const { content } = await readContent(holding(long, 'text/plain'), { path: '/x' })
  const [block] = content
  assert.equal(block?.type, 'text')
  assert.ok(block?.type === 'text' && block.text.endsWith('🍵'))
  assert.deepEqual(joined(await partsOf(holding(long, 'text/plain'), undefined)), Buffer.from(long))
})

test('an image that is too large to be looked at is said to be', async () => {
  const large = new Uint8Array(4 * 1024 * 1024)
  await assert.rejects(readContent(holding(large, 'image/png'), { path: '/x' }), { code: 'limit.image' })
  const { content } = await readContent(holding(large, 'image/png'), { path: '/x', fromByte: 0, toByte: 8 })
  assert.equal(content[0]?.type, 'resource')
})

test('what its name calls text and its bytes do not comes as bytes', async () => {
  for (const bytes of [Uint8Array.of(0x61, 0, 0x62), Uint8Array.of(0xff, 0xfe, 0x61)]) {
    const { content } = await readContent(holding(bytes, 'text/plain'), { path: '/x' })
    assert.equal(content[0]?.type, 'resource')
  }
})
