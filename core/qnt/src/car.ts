import { concatBytes } from '@anarq/bytes'
import { Fault, type FaultCode } from '@anarq/fault'
import {
  type Cid,
  decodeCbor,
  encodeCbor,
  parseCid,
  readArray,
  readCid,
  readFields,
  readInt,
} from '@anarq/ipld'
import { verifyCid } from '@anarq/qlock'
import { type Block, blockBytesMax } from './blocks.ts'
import { createInput, type Input } from './car-input.ts'
import { type CarDamage, salvageSections } from './car-salvage.ts'
import { reading } from './parse.ts'

export type Car = {
  readonly roots: readonly Cid[]
  /** Each verified against its CID before it is given out. To be iterated once; leaving early closes the source. */
  readonly blocks: AsyncGenerator<Block, void, undefined>
}

export type CarOptions = {
  /** The code of every refusal; by default `damaged.car`. */
  readonly code?: FaultCode
  /** Is told of each part that is damaged, and what is whole is read to the end; absent: damage is refused. */
  readonly onDamage?: ((damage: CarDamage) => void) | undefined
}

const cidBytes = 36
const headerBytesMax = 4096
const rootsMax = 64
const varintBytesMax = 9
const advice = 'Fetch it again, whole.'

/** CARv1 (https://ipld.io/specs/transport/car/carv1/): varint length, then canonical DAG-CBOR of roots and version. */
export function encodeCarHeader(roots: readonly Cid[]): Uint8Array {
  const header = encodeCbor({ roots, version: 1 })
  return concatBytes(encodeVarint(header.length), header)
}

/** One section: varint length of what follows, CID, bytes. */
export function encodeCarBlock({ cid, bytes }: Block): Uint8Array {
  return concatBytes(encodeVarint(cid.bytes.length + bytes.length), cid.bytes, bytes)
}

/**
 * Reads a CARv1 stream piece by piece, holding one block at a time. Only CIDs of ours are accepted, only blocks that match
 * theirs, of at most `blockBytesMax`; a stream that ends inside a section is refused.
 */
export async function readCar(
  source: AsyncIterable<Uint8Array>,
  { code = 'damaged.car', onDamage }: CarOptions = {},
): Promise<Car> {
  const input = createInput(source)
  try {
    const roots = await readHeader(input, code)
    const blocks = onDamage === undefined ? readSections(input, code) : salvageSections(input, onDamage)
    return { roots, blocks }
  } catch (error) {
    await input.close()
    throw error
  }
}

async function readHeader(input: Input, code: FaultCode): Promise<readonly Cid[]> {
  const length = await readVarint(input, code)
  const header = await take(input, length ?? 0, headerBytesMax, code)
  return reading(code, advice, () => {
    const fields = readFields(decodeCbor(header, 'A CAR header'), ['roots', 'version'], 'A CAR header')
    readInt(fields.version, "A CAR header's version", { min: 1, max: 1 })
    return readArray(fields.roots, "A CAR header's roots", { max: rootsMax }).map((root) =>
      readCid(root, "A CAR header's root"),
    )
  })
}

async function* readSections(input: Input, code: FaultCode): AsyncGenerator<Block, void, undefined> {
  try {
    for (;;) {
      const length = await readVarint(input, code)
      if (length === undefined) return
      const section = await take(input, length, cidBytes + blockBytesMax, code)
      const cid = reading(code, advice, () => parseCid(section.subarray(0, cidBytes)))
      const bytes = section.subarray(cidBytes)
      if (!verifyCid(cid, bytes)) throw damaged(code, 'a block does not match its CID')
      yield { cid, bytes }
    }
  } finally {
    await input.close()
  }
}

/** Unsigned LEB128, shortest form only. `undefined` where the source ends before it. */
async function readVarint(input: Input, code: FaultCode): Promise<number | undefined> {
  let value = 0
  for (let at = 0; at < varintBytesMax; at += 1) {
    const byte = await input.byte()
    if (byte === undefined) {
      if (at === 0) return undefined
      break
    }
    value += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) {
      if (byte === 0 && at > 0) break
      return value
    }
  }
  throw damaged(code, 'a length is malformed')
}

async function take(input: Input, length: number, lengthMax: number, code: FaultCode): Promise<Uint8Array> {
  if (length === 0 || length > lengthMax) throw damaged(code, 'a part is empty or too large')
  const bytes = await input.bytes(length)
  if (bytes.length < length) throw damaged(code, 'it is cut short')
  return bytes
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...bytes, rest)
    bytes.push((rest % 128) | 0x80)
  }
}

function damaged(code: FaultCode, what: string): Fault {
  return new Fault(code, `This file of blocks is damaged: ${what}. ${advice}`)
}
