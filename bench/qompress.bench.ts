/**
 * Speeds of Qompress in one thread: `node bench/qompress.bench.ts [file ...]`. Without files it measures this
 * program's own executable, made-up text and noise.
 */
import { readFileSync } from 'node:fs'
import {
  addLock,
  createChunker,
  createTransforms,
  looksCompressible,
  openFrame,
  openLock,
  packFrame,
  savingOf,
} from '@anarq/qompress'
import { createSeededRandom } from '@anarq/random/testing'

type Sample = { readonly name: string; readonly bytes: Uint8Array }

const mib = 1024 * 1024
const sampleBytesMax = 64 * mib
const roundsMin = 3
const measuredMsMin = 150
const probesInARow = 10
const chunker = createChunker(new Uint8Array(32).fill(7))
const random = createSeededRandom(1)

for (const sample of samplesOf(process.argv.slice(2))) await measure(sample)

async function measure({ name, bytes }: Sample): Promise<void> {
  const chunks = cutAll(bytes)
  const frames = chunks.map((chunk) => packFrame(chunk))
  const storedBytes = frames.reduce((sum, frame) => sum + frame.length, 0)
  const saving = savingOf({ plainBytes: bytes.length, storedBytes })
  const lockKey = new Uint8Array(32).fill(9)
  const locked = frames.map((frame) => addLock(lockKey, frame))
  const into = new Uint8Array(chunker.limits.bytesMax + 6)

  const rows: Record<string, number> = {
    cut: fastest(() => cutAll(bytes)),
    'cut, 1 MiB at a time': fastest(() => cutInSteps(bytes, mib)),
    'probe, of what was just read': fastest(() => each(chunks, (chunk) => probeAgain(chunk))) / probesInARow,
    'probe, cold': fastest(() => each(chunks, looksCompressible)),
    'pack, level 1': fastest(() => each(chunks, (chunk) => packFrame(chunk))),
    'pack into a buffer': fastest(() => each(chunks, (chunk) => packFrame(chunk, { into }))),
    'pack, level 3': fastest(() => each(chunks, (chunk) => packFrame(chunk, { level: 3 }))),
    open: fastest(() => each(frames, (frame) => openFrame(frame))),
    'add second lock': fastest(() => each(frames, (frame) => addLock(lockKey, frame))),
    'open second lock': fastest(() => each(locked, (frame) => openLock(lockKey, frame))),
  }
  const transforms = createTransforms()
  for (const id of transforms.ids())
    rows[id] = await timeOf(() => drain(transforms.apply([id], stream(chunks))))

  const mean = Math.round(bytes.length / chunks.length / 1024)
  console.log(`\n${name}: ${Math.round(bytes.length / mib)} MiB, ${chunks.length} chunks of ${mean} KiB`)
  console.log(`stored as ${Math.round(storedBytes / mib)} MiB, ${(saving * 100).toFixed(1)} % saved`)
  console.table(
    Object.entries(rows).map(([step, ms]) => ({
      step,
      'MB/s': Math.round(bytes.length / 1000 / ms),
      'µs a MiB': Math.round((ms * 1000 * mib) / bytes.length),
    })),
  )
}

function samplesOf(files: readonly string[]): Sample[] {
  if (files.length > 0)
    return files.map((name) => ({ name, bytes: plain(readFileSync(name)).subarray(0, sampleBytesMax) }))
  return [
    { name: 'this executable', bytes: plain(readFileSync(process.execPath)).subarray(0, sampleBytesMax) },
    { name: 'made-up text', bytes: textOf(sampleBytesMax) },
    { name: 'noise', bytes: random.bytes(sampleBytesMax) },
  ]
}

function textOf(length: number): Uint8Array {
  const words = Array.from({ length: 4000 }, () =>
    String.fromCharCode(...random.bytes(2 + ((random.bytes(1)[0] ?? 0) % 8)).map((byte) => 97 + (byte % 26))),
  )
  const picks = new Uint16Array(random.bytes(length / 2).buffer)
  const parts: string[] = []
  for (let i = 0, at = 0; at < length; i += 1) {
    const word = words[(picks[i % picks.length] ?? 0) % words.length] ?? ''
    parts.push(word)
    at += word.length + 1
  }
  return new TextEncoder().encode(parts.join(' ')).subarray(0, length)
}

function cutAll(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = chunker.cut(bytes, from, bytes.length, true)
    chunks.push(bytes.subarray(from, to))
    from = to
  }
  return chunks
}

function cutInSteps(bytes: Uint8Array, stepBytes: number): number {
  let cuts = 0
  let from = 0
  for (let to = Math.min(stepBytes, bytes.length), before = 0; from < bytes.length; ) {
    const cut = chunker.cut(bytes, from, to, to === bytes.length, Math.max(0, before - from))
    if (cut < 0) {
      before = to
      to = Math.min(to + stepBytes, bytes.length)
    } else {
      cuts += 1
      before = from
      from = cut
    }
  }
  return cuts
}

function probeAgain(chunk: Uint8Array): void {
  for (let i = 0; i < probesInARow; i += 1) looksCompressible(chunk)
}

function each<T>(list: readonly T[], act: (item: T) => unknown): void {
  for (const item of list) act(item)
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const piece of source) bytes += piece.length
  return bytes
}

function fastest(act: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  const begin = performance.now()
  for (let round = 0; round < roundsMin || performance.now() - begin < measuredMsMin; round += 1) {
    const start = performance.now()
    act()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  await act()
  const start = performance.now()
  await act()
  return performance.now() - start
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
