import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { createSeededRandom } from '@anarq/random/testing'
import type { Archive, ArchiveEntry, PackEntry } from './archive.ts'

/** An archive of these entries, open. */
export type OpenArchive = (entries: readonly PackEntry[]) => Promise<Archive>

/** The tests that every implementation of `Archive` passes. Call it at the top of a test file. */
export function testArchive(name: string, open: OpenArchive): void {
  test(`${name}: entries come back in order, with their names, sizes and methods`, async () => {
    await use(open, samples(), async (archive) => {
      const listed = await allOf(archive)
      assert.deepEqual(listed.map(factsOf), samples().map(expectedOf))
      assert.ok(archive.bytes >= listed.reduce((sum, { packedBytes }) => sum + packedBytes, 0))
    })
  })

  test(`${name}: the content comes unpacked, and as it lies there`, async () => {
    await use(open, samples(), async (archive) => {
      const listed = await allOf(archive)
      for (const [i, { content, deflated }] of samples().entries()) {
        const entry = listed[i] as ArchiveEntry
        assert.ok(Buffer.from(await bytesOf(entry.read())).equals(content), entry.path)
        assert.ok(Buffer.from(await bytesOf(entry.readPacked())).equals(deflated ?? content), entry.path)
      }
    })
  })

  test(`${name}: what was read can be read again, and two at a time`, async () => {
    await use(open, samples(), async (archive) => {
      const [first, second] = await allOf(archive)
      const both = await Promise.all(
        [first, second, first].map((entry) => bytesOf((entry as ArchiveEntry).read())),
      )
      assert.deepEqual(both[0], both[2])
    })
  })

  test(`${name}: the list can be left, a content too, and both asked for again`, async () => {
    await use(open, samples(), async (archive) => {
      for await (const _ of archive.entries()) break
      const listed = await allOf(archive)
      assert.equal(listed.length, samples().length)
      const large = listed.at(-1) as ArchiveEntry
      for await (const piece of large.read()) {
        assert.ok(piece.length > 0)
        break
      }
      assert.equal((await bytesOf(large.read())).length, large.bytes)
    })
  })

  test(`${name}: an archive of nothing lists nothing`, async () => {
    await use(open, [], async (archive) => assert.deepEqual(await allOf(archive), []))
  })

  test(`${name}: it may be closed twice`, async () => {
    const archive = await open(samples())
    await archive.close()
    await archive.close()
  })
}

function samples(): readonly PackEntry[] {
  const repeated = fromUtf8('the same again, '.repeat(20_000))
  return [
    { path: 'manifest.json', content: fromUtf8('{}') },
    { path: 'empty', content: new Uint8Array(0) },
    { path: 'ui/índice – ☂.html', content: fromUtf8('<p>hello</p>') },
    { path: 'ui/noise.bin', content: createSeededRandom(1).bytes(300_000) },
    { path: 'ui/repeated.txt', content: repeated, deflated: new Uint8Array(deflateRawSync(repeated)) },
  ]
}

function expectedOf({ path, content, deflated }: PackEntry): unknown {
  return {
    path,
    kind: 'file',
    isEncrypted: false,
    method: deflated === undefined ? 'store' : 'deflate',
    bytes: content.length,
    packedBytes: (deflated ?? content).length,
  }
}

function factsOf({ path, kind, isEncrypted, method, bytes, packedBytes }: ArchiveEntry): unknown {
  return { path, kind, isEncrypted, method, bytes, packedBytes }
}

async function use(
  open: OpenArchive,
  entries: readonly PackEntry[],
  act: (archive: Archive) => Promise<void>,
): Promise<void> {
  const archive = await open(entries)
  try {
    await act(archive)
  } finally {
    await archive.close()
  }
}

async function allOf(archive: Archive): Promise<ArchiveEntry[]> {
  const all: ArchiveEntry[] = []
  for await (const entry of archive.entries()) all.push(entry)
  return all
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return concatBytes(...parts)
}
