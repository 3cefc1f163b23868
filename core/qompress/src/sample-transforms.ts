import type { ByteStream, Transform } from './transforms.ts'

/** Each little-endian 16-bit word becomes its difference from the one before: sound and sensor samples. */
export const delta16: Transform = deltaTransform('delta-16', 2, differences16, sums16)
/** The same over 32-bit words: counters, times, integer columns. */
export const delta32: Transform = deltaTransform('delta-32', 4, differences32, sums32)
/**
 * Byte planes of 4-byte records, block by block of 16,384 records: all first bytes, all second ones, ... Floats and
 * integers of one magnitude then show their equal high bytes side by side.
 */
export const shuffle4: Transform = {
  id: 'shuffle-4',
  version: 1,
  isLossless: true,
  apply: (source) => mapBlocks(source, toPlanes),
  undo: (source) => mapBlocks(source, fromPlanes),
}

const recordBytes = 4
/** Part of the format: another size is another version. */
const blockBytes = 64 * 1024

/** Writes the words of `input` to `output` changed, given the word before, and returns the one for the next call. */
type WordStep = (input: DataView, output: DataView, before: number) => number

// One function a width and direction: shared ones run at a quarter of the speed.
function differences16(input: DataView, output: DataView, before: number): number {
  let previous = before
  for (let at = 0, end = input.byteLength; at < end; at += 2) {
    const word = input.getUint16(at, true)
    output.setUint16(at, word - previous, true)
    previous = word
  }
  return previous
}

function sums16(input: DataView, output: DataView, before: number): number {
  let previous = before
  for (let at = 0, end = input.byteLength; at < end; at += 2) {
    previous = (previous + input.getUint16(at, true)) & 0xffff
    output.setUint16(at, previous, true)
  }
  return previous
}

function differences32(input: DataView, output: DataView, before: number): number {
  let previous = before
  for (let at = 0, end = input.byteLength; at < end; at += 4) {
    const word = input.getInt32(at, true)
    output.setInt32(at, (word - previous) | 0, true)
    previous = word
  }
  return previous
}

function sums32(input: DataView, output: DataView, before: number): number {
  let previous = before
  for (let at = 0, end = input.byteLength; at < end; at += 4) {
    previous = (previous + input.getInt32(at, true)) | 0
    output.setInt32(at, previous, true)
  }
  return previous
}

function deltaTransform(id: string, wordBytes: number, apply: WordStep, undo: WordStep): Transform {
  return {
    id,
    version: 1,
    isLossless: true,
    apply: (source) => mapWords(source, wordBytes, apply),
    undo: (source) => mapWords(source, wordBytes, undo),
  }
}

/** Whole words at a time, whatever the pieces; the odd bytes at the end stay as they are. */
async function* mapWords(
  source: ByteStream,
  wordBytes: number,
  step: WordStep,
): AsyncGenerator<Uint8Array, void, undefined> {
  let odd: Uint8Array = new Uint8Array(0)
  let before = 0
  for await (const piece of source) {
    const input = odd.length === 0 ? piece : joined(odd, piece)
    const whole = input.length - (input.length % wordBytes)
    odd = input.slice(whole)
    if (whole === 0) continue
    const output = new Uint8Array(whole)
    before = step(viewOf(input.subarray(0, whole)), viewOf(output), before)
    yield output
  }
  if (odd.length > 0) yield odd
}

type BlockStep = (input: Uint8Array, output: Uint8Array, records: number) => void

const toPlanes: BlockStep = (input, output, records) => {
  for (let record = 0, at = 0; record < records; record += 1, at += recordBytes) {
    output[record] = input[at] as number
    output[record + records] = input[at + 1] as number
    output[record + 2 * records] = input[at + 2] as number
    output[record + 3 * records] = input[at + 3] as number
  }
}

const fromPlanes: BlockStep = (input, output, records) => {
  for (let record = 0, at = 0; record < records; record += 1, at += recordBytes) {
    output[at] = input[record] as number
    output[at + 1] = input[record + records] as number
    output[at + 2] = input[record + 2 * records] as number
    output[at + 3] = input[record + 3 * records] as number
  }
}

/** Whole blocks at a time, and the shorter last one; its odd bytes stay as they are. */
async function* mapBlocks(source: ByteStream, step: BlockStep): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(blockBytes)
  let filled = 0
  for await (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + blockBytes - filled)
      block.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < blockBytes) continue
      yield mapBlock(block, step)
      filled = 0
    }
  }
  if (filled > 0) yield mapBlock(block.subarray(0, filled), step)
}

function mapBlock(input: Uint8Array, step: BlockStep): Uint8Array {
  const output = new Uint8Array(input)
  step(input, output, Math.floor(input.length / recordBytes))
  return output
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
