import { type Cid, cborCodec, parseCid, rawCodec } from '@anarq/ipld'
import { verifyCid } from '@anarq/qlock'
import { type Block, blockBytesMax } from './blocks.ts'
import type { Input } from './car-input.ts'

/** A stretch in which no section is whole; with the CID where just one block's bytes are not those that it names. */
export type CarDamage = { readonly bytes: number; readonly cid?: Cid }

/**
 * The sections of a CAR that are whole. Where bytes were changed it goes on behind the block that they lie in; where its length is
 * no good, at the next place where a length and a CID are followed by the bytes that the CID names: nothing else can pass for one.
 */
export async function* salvageSections(
  input: Input,
  onDamage: (damage: CarDamage) => void,
): AsyncGenerator<Block, void, undefined> {
  try {
    for (;;) {
      const { raw, cid, block } = await readSection(input)
      if (raw.length === 0) return
      if (block !== undefined) yield block
      else if (cid !== undefined && (await isAtSection(input))) onDamage({ bytes: raw.length, cid })
      else {
        input.unread(raw)
        onDamage({ bytes: await skipToSection(input) })
      }
    }
  } finally {
    await input.close()
  }
}

const cidBytes = 36
const codecs: readonly number[] = [rawCodec, cborCodec]
const hashCode = 0x1e
const digestBytes = 32
/** Of a length: as many as the largest section needs. */
const lengthBytesMax = 4
const headerBytesMax = lengthBytesMax + 4
const searchBytes = 1024 * 1024

/** All that it takes is in `raw`, whatever it is; the block only where it is whole. */
type Section = { readonly raw: Uint8Array; readonly cid?: Cid; readonly block?: Block }

async function readSection(input: Input): Promise<Section> {
  const head = await input.bytes(lengthBytesMax)
  const length = lengthAt(head, 0)
  if (length === undefined) return { raw: head }
  input.unread(head)
  const raw = await input.bytes(length.bytes + length.value)
  const section = raw.subarray(length.bytes)
  if (section.length < length.value || !isCidAt(section, 0)) return { raw }
  const cid = parseCid(section.subarray(0, cidBytes))
  const bytes = section.subarray(cidBytes)
  return verifyCid(cid, bytes) ? { raw, cid, block: { cid, bytes } } : { raw, cid }
}

/** At its end, or where a section may begin. */
async function isAtSection(input: Input): Promise<boolean> {
  const head = await input.bytes(headerBytesMax)
  input.unread(head)
  return head.length === 0 || findHeader(head, 0) === 0
}

/** Leaves the input where a whole section begins, or at its end; how many bytes were passed by, one at least. */
async function skipToSection(input: Input): Promise<number> {
  let skipped = 0
  for (let from = 1; ; ) {
    const window = await input.bytes(searchBytes)
    const isLast = window.length < searchBytes
    const at = findHeader(window, from)
    const step = at ?? (isLast ? window.length : window.length - (headerBytesMax - 1))
    skipped += step
    input.unread(window.subarray(step))
    if (at === undefined && isLast) return skipped
    from = 0
    if (at === undefined) continue
    const { raw, block } = await readSection(input)
    input.unread(raw)
    if (block !== undefined) return skipped
    from = 1
  }
}

function findHeader(bytes: Uint8Array, from: number): number | undefined {
  for (let hit = bytes.indexOf(hashCode, from); hit >= 0; hit = bytes.indexOf(hashCode, hit + 1)) {
    const cidAt = hit - 2
    if (!isCidAt(bytes, cidAt)) continue
    for (let at = Math.max(from, cidAt - lengthBytesMax); at < cidAt; at += 1) {
      if (at + (lengthAt(bytes, at)?.bytes ?? 0) === cidAt) return at
    }
  }
  return undefined
}

/** CIDv1, a codec, BLAKE3 and the length of its digest: a byte each. */
function isCidAt(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 1 &&
    codecs.includes(bytes[at + 1] as number) &&
    bytes[at + 2] === hashCode &&
    bytes[at + 3] === digestBytes
  )
}

/** Unsigned LEB128, shortest form only, of a section's length. */
function lengthAt(bytes: Uint8Array, at: number): { value: number; bytes: number } | undefined {
  let value = 0
  for (let i = 0; i < lengthBytesMax; i += 1) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    const isSection = (byte > 0 || i === 0) && value >= cidBytes && value <= cidBytes + blockBytesMax
    return isSection ? { value, bytes: i + 1 } : undefined
  }
  return undefined
}
