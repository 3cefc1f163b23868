/** What every `Sealer` does: a suite for its implementations. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import { chunkOverheadBytes, hashBlake3, sealChunk } from '@anarq/qlock'
import { type Metadata, openEnvelope, openSlot, parseEnvelope } from '@anarq/qnt'
import { addLock, packFrame } from '@anarq/qompress'
import { createSeededRandom } from '@anarq/random/testing'
import { openBlock } from './open-block.ts'
import type { EpochKey, OpenedFile, StoredBlock, StoredFile } from './open-file.ts'
import type { EnvelopeRequest } from './seal-envelopes.ts'
import { type Sealer, type SealRange, sealedExtraBytesMax, type Window } from './sealer.ts'

const random = createSeededRandom(20)
const chunkSecret = random.bytes(32)
const lockKey = random.bytes(32)
const noise = random.bytes(300_000)
const prose = new TextEncoder().encode(
  'in the beginning there was a word, and then another one. '.repeat(4000),
)
const contents = [noise, prose, new Uint8Array(0), noise.subarray(0, 1), prose.subarray(0, 70_000)]

/** `open` gives a sealer of at most two windows, of at least 1 MiB each. */
export function testSealer(name: string, open: () => Sealer): void {
  const withSealer = async (act: (sealer: Sealer) => Promise<void>): Promise<void> => {
    const sealer = open()
    try {
      await act(sealer)
    } finally {
      await sealer.close()
    }
  }

  test(`${name}: AQ-FIN-2: ranges of a window become the blocks that their content always becomes`, () =>
    withSealer(async (sealer) => {
      for (const keys of [{ chunkSecret }, { chunkSecret, lockKey }]) {
        const window = await sealer.window()
        const ranges = fill(window, contents)
        const sealed = await sealer.seal(window, ranges, keys)
        for (const [i, { block, digest, key, plainBytes, storedBytes }] of sealed.entries()) {
          const content = contents[i] as Uint8Array
          const frame = packFrame(content, { hasChecksum: false })
          const expected = sealChunk(chunkSecret, 'lockKey' in keys ? addLock(lockKey, frame) : frame)
          assert.deepEqual([plainBytes, storedBytes], [content.length, block.length])
          assert.deepEqual([block, digest, key], [expected.block, expected.digest, expected.key])
          assert.deepEqual(openBlock(block, { ...keys, digest, key, plainBytes }), content)
        }
        window.release()
      }
    }))

  test(`${name}: many batches at once come back each to who asked, in the order of its ranges`, () =>
    withSealer(async (sealer) => {
      const window = await sealer.window()
      const pieces = Array.from({ length: 40 }, (_, i) => noise.subarray(i * 100, i * 100 + 100 + i))
      const ranges = fill(window, pieces)
      const all = await Promise.all(ranges.map((range) => sealer.seal(window, [range], { chunkSecret })))
      assert.deepEqual(
        all.map(([sealed]) => sealed?.digest),
        pieces.map((piece) => sealChunk(chunkSecret, packFrame(piece, { hasChecksum: false })).digest),
      )
      window.release()
    }))

  test(`${name}: whoever wants one window more waits for a release, and stops waiting when called off`, () =>
    withSealer(async (sealer) => {
      const [first, second] = [await sealer.window(), await sealer.window()]
      let isThere = false
      const third = sealer.window().then((window) => {
        isThere = true
        return window
      })
      await new Promise((resolve) => setImmediate(resolve))
      assert.equal(isThere, false)
      first.release()
      const window = await third
      second.release()
      window.release()
      await assert.rejects(sealer.window(AbortSignal.abort()), { name: 'AbortError' })
    }))

  test(`${name}: envelopes come back named, and open under the owner's key to what was asked for`, () =>
    withSealer(async (sealer) => {
      const owner = { did: 'did:squid:somebody', kek: random.bytes(32), epoch: 3 }
      const requests = Array.from({ length: 130 }, (_, i) => requestOf(i))
      const named = await sealer.sealEnvelopes(requests, owner)
      assert.equal(named.length, requests.length)
      for (const [i, { bytes, digest }] of named.entries()) {
        const { id, sequence, previous, body, metadata } = requests[i] as EnvelopeRequest
        assert.deepEqual(hashBlake3(bytes), digest)
        const envelope = parseEnvelope(bytes)
        const contentKey = openSlot(envelope, { kek: (epoch) => (epoch === 3 ? owner.kek : undefined) })
        assert.ok(contentKey !== undefined)
        const inner = openEnvelope(envelope, contentKey)
        assert.deepEqual([...envelope.id], [...id])
        assert.deepEqual([inner.owner, inner.sequence, inner.metadata], [owner.did, sequence, metadata])
        assert.deepEqual([inner.body.cid.multihash.digest, inner.body.key], [body.digest, body.key])
        assert.deepEqual(inner.previous?.multihash.digest, previous)
      }
      assert.deepEqual(await sealer.sealEnvelopes([], owner), [])
    }))

  test(`${name}: AQ-FOUT-4: a stored block opens to its content; a changed one, and wrong keys, say what is wrong`, () =>
    withSealer(async (sealer) => {
      for (const content of contents) {
        const { block, digest, key } = sealChunk(chunkSecret, packFrame(content))
        const right = { digest, key, plainBytes: content.length }
        assert.deepEqual(await openIn(sealer, block, right), content)
        const changed = block.slice()
        changed[block.length - 1] = (changed[block.length - 1] as number) ^ 1
        assert.equal(await openIn(sealer, changed, right), 'name')
        const under = { ...right, digest: hashBlake3(changed) }
        assert.equal(await openIn(sealer, changed, under), 'key')
        assert.equal(await openIn(sealer, block, { ...right, key: lockKey }), 'key')
        assert.equal(await openIn(sealer, block, { ...right, plainBytes: content.length + 1 }), 'frame')
        assert.equal(await openIn(sealer, block, { ...right, lockKey }), 'lock')
      }
      const short = new Uint8Array(chunkOverheadBytes - 1)
      const keys = { digest: hashBlake3(short), key: lockKey, plainBytes: 0 }
      assert.equal(await openIn(sealer, short, keys), 'key')
    }))

  test(`${name}: AQ-FOUT-4: small files open whole from one room; what is not as its index names it comes back as nothing`, () =>
    withSealer(async (sealer) => {
      const owner = { did: 'did:squid:somebody', kek: random.bytes(32), epoch: 2 }
      const keys = [
        { epoch: 1, kek: random.bytes(32) },
        { epoch: 2, kek: owner.kek },
      ]
      const pieces = contents.filter(({ length }) => length > 0)
      const sealed = pieces.map((piece) => sealChunk(chunkSecret, packFrame(piece)))
      const requests = sealed.map(({ block, digest, key }, i) => {
        const sizes = { plainBytes: pieces[i]?.length ?? 0, storedBytes: block.length }
        return { ...requestOf(i), body: { digest, key, depth: 0, chunks: 1, ...sizes } }
      })
      const envelopes = await sealer.sealEnvelopes(requests, owner)
      const stored = sealed.map(({ block, digest }, i) => {
        const envelope = envelopes[i] as { bytes: Uint8Array; digest: Uint8Array }
        return { envelope, root: { bytes: block, digest } }
      })
      const opened = await openFilesIn(sealer, stored, keys)
      if (opened === undefined) return
      for (const [i, file] of opened.entries()) {
        const { body, metadata } = requests[i] as EnvelopeRequest
        assert.deepEqual(file?.bytes, pieces[i])
        assert.equal(file?.mode, metadata.mode)
        assert.deepEqual(file?.keyHash, hashBlake3(body.key))
      }
      const [first, second] = stored as [StoredFile, StoredFile]
      const wrong: StoredFile[] = [
        { ...first, envelope: { ...first.envelope, bytes: flipped(first.envelope.bytes) } },
        { ...first, root: { ...first.root, bytes: flipped(first.root.bytes) } },
        { ...first, root: second.root },
        { ...first, envelope: { bytes: first.root.bytes, digest: first.root.digest } },
        first,
      ]
      assert.deepEqual(
        (await openFilesIn(sealer, wrong, keys))?.map((file) => file?.bytes),
        [undefined, undefined, undefined, undefined, pieces[0]],
      )
      assert.deepEqual(await openFilesIn(sealer, [first], keys.slice(0, 1)), [undefined])
    }))

  test(`${name}: rooms for blocks are few, and come back when they were used or given up`, () =>
    withSealer(async (sealer) => {
      const { block, digest, key } = sealChunk(chunkSecret, packFrame(noise))
      const rooms = []
      for (let room = sealer.room(block.length); room !== undefined; room = sealer.room(block.length)) {
        rooms.push(room)
        assert.ok(rooms.length < 1000)
      }
      const [used, ...others] = rooms
      if (used === undefined) return
      used.bytes.set(block)
      assert.deepEqual(await used.open({ digest, key, plainBytes: noise.length }), noise)
      for (const room of others) room.release()
      assert.notEqual(sealer.room(block.length), undefined)
    }))
}

/** Contents one behind another, and room for their blocks. */
function fill(window: Window, pieces: readonly Uint8Array[]): SealRange[] {
  let to = 0
  let sealedAt = 0
  return pieces.map((piece) => {
    window.bytes.set(piece, to)
    const range = { from: to, to: to + piece.length, sealedAt }
    to += piece.length
    sealedAt += piece.length + sealedExtraBytesMax
    return range
  })
}

/** Elsewhere where there is room, and here otherwise: both are the same function. */
async function openIn(
  sealer: Sealer,
  block: Uint8Array,
  keys: Parameters<typeof openBlock>[1],
): Promise<ReturnType<typeof openBlock>> {
  const room = sealer.room(block.length)
  if (room === undefined) return openBlock(block, keys)
  room.bytes.set(block)
  return room.open(keys)
}

/** Undefined where the sealer has no rooms. */
async function openFilesIn(
  sealer: Sealer,
  files: readonly StoredFile[],
  keys: readonly EpochKey[],
): Promise<readonly (OpenedFile | undefined)[] | undefined> {
  const room = sealer.room(
    files.reduce((sum, { envelope, root }) => sum + sizeOf(envelope) + sizeOf(root), 0),
  )
  if (room === undefined) return undefined
  let filled = 0
  const placed = ({ bytes, digest }: StoredBlock): StoredBlock => {
    const place = room.bytes.subarray(filled, filled + bytes.length)
    place.set(bytes)
    filled += bytes.length
    return { bytes: place, digest }
  }
  return room.openFiles(
    files.map(({ envelope, root }) => ({ envelope: placed(envelope), root: placed(root) })),
    keys,
  )
}

function sizeOf({ bytes }: StoredBlock): number {
  return bytes.length
}

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  changed[bytes.length - 1] = (changed[bytes.length - 1] as number) ^ 1
  return changed
}

function requestOf(i: number): EnvelopeRequest {
  const metadata: Metadata = {
    name: `file ${i}.bin`,
    type: 'application/octet-stream',
    createdMs: 1_700_000_000_000 + i,
    modifiedMs: 1_600_000_000_000,
    ...(i % 2 === 0 ? { mode: 0o644 } : {}),
    tags: i % 3 === 0 ? ['one', 'two'] : [],
    transforms: [],
  }
  const [digest, key] = [random.bytes(32), random.bytes(32)]
  return {
    id: random.bytes(16),
    sequence: i % 2,
    ...(i % 2 === 0 ? {} : { previous: hashBlake3(concatBytes(digest, key)) }),
    body: { digest, key, depth: 0, plainBytes: 1000 + i, storedBytes: 1100 + i, chunks: 1 },
    metadata,
  }
}
