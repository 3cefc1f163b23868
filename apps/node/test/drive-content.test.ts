import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type PutFile, type PutItem, smallBytesMax, streamContent } from '@anarq/flows'
import { chunkBytesAverage, chunkBytesMax, chunkBytesMin } from '@anarq/qompress'
import { createDriveWorld, mebibyte } from './drive-world.ts'
import { bytesOf, createWorld, fileItem, itemsOf, noise, putFile, someDay, textOf } from './world.ts'

const { world, operations, drive, put, namesIn } = await createDriveWorld()

const windowBytes = 8 * mebibyte
const sizes = [
  ...around(smallBytesMax),
  ...around(chunkBytesMin),
  ...around(chunkBytesAverage),
  ...around(chunkBytesMax),
  ...around(windowBytes),
]

function around(bytes: number): number[] {
  return [bytes - 1, bytes, bytes + 1]
}

test('files of sizes around every limit come back whole: of chunks, of windows, and of what is read in one go', async () => {
  const source = noise(windowBytes + 1, 11)
  const zeros = new Uint8Array(windowBytes + 1)
  const items = [0, 1, ...sizes].flatMap((size) => [
    fileItem(`sizes/noise-${size}`, source.subarray(0, size)),
    fileItem(`sizes/zeros-${size}`, zeros.subarray(0, size)),
  ])
  const report = await put(...items)
  assert.deepEqual([report.files, report.skipped], [items.length, []])
  for (const size of [0, 1, ...sizes]) {
    for (const [kind, from] of [
      ['noise', source],
      ['zeros', zeros],
    ] as const) {
      const { bytes, stream } = await drive.get(`/sizes/${kind}-${size}`)
      assert.equal(bytes, size)
      assert.ok(equalBytes(await bytesOf(stream), from.subarray(0, size)), `${kind} ${size}`)
    }
  }
  assert.deepEqual((await operations.health.verify('/sizes/noise-1')).findings, [])
})

test('range reads give exactly the bytes asked for, at every border of a chunk and at both ends', async () => {
  const content = noise(6 * mebibyte, 12)
  await putFile(world, 'ranges.bin', content)
  const borders = [0]
  for await (const chunk of (await drive.get('ranges.bin')).stream)
    borders.push((borders.at(-1) as number) + chunk.length)
  assert.ok(borders.length > 3, `${borders.length - 1} chunks`)
  assert.equal(borders.at(-1), content.length)
  const ranges: [number, number][] = [
    [0, 0],
    [0, content.length],
    [content.length, content.length],
  ]
  for (const border of borders) {
    for (const from of [border - 2, border - 1, border, border + 1]) {
      for (const to of [from, from + 1, from + 2, from + chunkBytesMin]) {
        if (from >= 0 && to <= content.length) ranges.push([from, to])
      }
    }
  }
  for (const [fromByte, toByte] of ranges) {
    const { stream, bytes } = await drive.get('ranges.bin', { fromByte, toByte })
    assert.equal(bytes, content.length)
    assert.ok(equalBytes(await bytesOf(stream), content.subarray(fromByte, toByte)), `${fromByte}-${toByte}`)
  }
  for (const [fromByte, toByte] of [
    [1, 0],
    [0, content.length + 1],
    [content.length + 1, content.length + 2],
    [-1, 5],
  ] as const) {
    await assert.rejects(
      drive.get('ranges.bin', { fromByte, toByte }),
      { code: 'invalid.range' },
      `${fromByte}-${toByte}`,
    )
  }
})

test('a range reads the chunks that it touches and no others', async () => {
  await putFile(world, 'few.bin', noise(12 * mebibyte, 13))
  world.asked.clear()
  await bytesOf((await drive.get('few.bin', { fromByte: 5 * mebibyte, toByte: 5 * mebibyte + 10 })).stream)
  const blocks = world.asked.get('blocks.get') ?? 0
  assert.ok(blocks <= 4, `${blocks} blocks for ten bytes`)
})

/** A stream that gives so many bytes and then breaks. */
function broken(path: string, bytes: number, error: Error): PutFile {
  async function* source(): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes; at += mebibyte) yield noise(Math.min(mebibyte, bytes - at), at + 1)
    throw error
  }
  return {
    kind: 'file',
    path,
    bytes: 2 * bytes,
    modifiedMs: someDay,
    content: streamContent(source()),
  }
}

test('AQ-FIN-10: a source that fails midway leaves nothing of that file, and the others of the put are kept', async () => {
  const fault = new Fault('unavailable.disk', 'The source broke. Try again.')
  const report = await put(
    fileItem('midway/before.txt', 'before'),
    broken('midway/broken.bin', 5 * mebibyte, fault),
    fileItem('midway/after.txt', 'after'),
  )
  assert.deepEqual(report.skipped, [
    { path: 'midway/broken.bin', code: 'unavailable.disk', sentence: 'The source broke. Try again.' },
  ])
  assert.deepEqual((await namesIn('/midway')).sort(), ['after.txt', 'before.txt'])
  assert.deepEqual(await drive.find({ text: 'broken' }), [])
  // Blocks that no version names are freed by the next compaction.
  const { freedBytes } = await operations.health.compact()
  assert.ok(freedBytes > 3 * mebibyte, `${freedBytes} bytes`)
  assert.equal(await textOf(await drive.get('/midway/after.txt')), 'after')
})

test('AQ-FIN-10: a list of files that breaks off midway leaves nothing visible that was not said to be kept', async () => {
  async function* items(): AsyncIterable<readonly PutItem[]> {
    yield [fileItem('list/a.txt', 'a'), fileItem('list/b.bin', noise(3 * mebibyte, 14))]
    throw new Fault('unavailable.disk', 'The folder went away. Plug it in again.')
  }
  await assert.rejects(drive.put(items()), { code: 'unavailable.disk' })
  await assert.rejects(drive.list('/list'), { code: 'missing.object' })
  assert.deepEqual((await operations.health.verify()).findings, [])
})

test('AQ-FIN-10: a store that is full at any step of a put leaves nothing visible, and the next put goes on', async () => {
  let roomFor = Number.POSITIVE_INFINITY
  const refuse = <Args extends unknown[], Result>(act: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      roomFor -= 1
      if (roomFor < 0) throw new Fault('unavailable.full', 'The disk is full. Free some room and try again.')
      return act(...args)
    }
  }
  const other = await createWorld({
    seed: 30,
    ports: (ports) => ({
      ...ports,
      blocks: {
        ...ports.blocks,
        put: refuse(ports.blocks.put),
        putSealed: refuse(ports.blocks.putSealed),
      },
    }),
  })
  const { drive: theirs, health } = other.operations
  for (const steps of [0, 1, 2, 3]) {
    const folder = `full ${steps}`
    const items = () =>
      itemsOf(fileItem(`${folder}/a.bin`, noise(3 * mebibyte, 150 + steps)), fileItem(`${folder}/b.txt`, 'b'))
    const before = (await theirs.list('/')).length
    roomFor = steps
    await assert.rejects(theirs.put(items()), { code: 'unavailable.full' }, `step ${steps}`)
    roomFor = Number.POSITIVE_INFINITY
    assert.equal((await theirs.list('/')).length, before, `step ${steps}`)
    const report = await theirs.put(items())
    assert.deepEqual([report.files, report.skipped], [2, []])
  }
  assert.deepEqual((await health.verify()).findings, [])
})

test('a put that is cancelled in the middle keeps nothing half, and the next one goes on where it stopped', async () => {
  const files = () =>
    Array.from({ length: 8 }, (_, i) => fileItem(`cancel/${i}.bin`, noise(2 * mebibyte, 40 + i)))
  const stop = new AbortController()
  const onProgress = ({ files: kept }: { files: number }): void => {
    if (kept === 3) stop.abort()
  }
  await assert.rejects(
    drive.put(itemsOf(...files()), { signal: stop.signal, onProgress }),
    (error: unknown) => {
      assert.match(String((error as Error).name + (error as Fault).code), /AbortError|cancelled/)
      return true
    },
  )
  const kept = await drive.list('/cancel').then(
    (entries) => entries.length,
    () => 0,
  )
  assert.ok(kept < files().length)
  const rest = await put(...files())
  assert.equal(rest.files + rest.unchanged, files().length)
  assert.ok(rest.newBytes < 15 * mebibyte, 'what was stored before is not stored again')
  for (const [i, { path }] of files().entries())
    assert.ok(
      equalBytes(await bytesOf((await drive.get(`/${path}`)).stream), noise(2 * mebibyte, 40 + i)),
      path,
    )
})

test('a get that is cancelled stops, and the next one reads everything', async () => {
  const content = noise(12 * mebibyte, 50)
  await putFile(world, 'stopped.bin', content)
  const stop = new AbortController()
  const { stream } = await drive.get('stopped.bin', { signal: stop.signal })
  let pieces = 0
  await assert.rejects(async () => {
    for await (const _ of stream) {
      pieces += 1
      stop.abort()
    }
  }, /abort/i)
  assert.ok(pieces < 8, `${pieces} pieces came after all`)
  assert.ok(equalBytes(await bytesOf((await drive.get('stopped.bin')).stream), content))
})

test('a reader that leaves early ends its flow and holds nothing up', async () => {
  await putFile(world, 'left.bin', noise(6 * mebibyte, 51))
  const before = world.kernel.guardian.status().flows.access
  for await (const _ of (await drive.get('left.bin')).stream) break
  const after = world.kernel.guardian.status().flows.access
  assert.equal(after.ok + after.failed + after.refused, before.ok + before.failed + before.refused + 1)
})

test('AQ-FOUT-4: a block that is another one than its name says is refused before any of its bytes go out', async () => {
  let isChanged = false
  const other = await createWorld({
    seed: 60,
    ports: (ports) => ({
      ...ports,
      blocks: {
        ...ports.blocks,
        async get(cid) {
          const bytes = await ports.blocks.get(cid)
          if (!isChanged || bytes === undefined || bytes.length < mebibyte / 2) return bytes
          const changed = bytes.slice()
          changed[1000] = (changed[1000] as number) ^ 1
          return changed
        },
      },
    }),
  })
  const content = noise(3 * mebibyte, 61)
  await putFile(other, 'good.bin', content)
  isChanged = true
  const parts: Uint8Array[] = []
  await assert.rejects(
    async () => {
      for await (const part of (await other.operations.drive.get('good.bin')).stream) parts.push(part)
    },
    { code: 'damaged.chunk' },
  )
  assert.deepEqual(parts, [])
  const flows = other.kernel.guardian.status().flows.access
  assert.equal(flows.failed, 1)
})
