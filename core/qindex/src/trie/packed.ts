import { Fault } from '@anarq/fault'
import { idBytes } from '../record/record.ts'

/**
 * Encoded records one after another, ascending by id; `ends[i]` is where record i ends in `body`. A leaf is kept
 * and changed in this form, because an object for each record would cost more than the record.
 */
export type Packed = { readonly body: Uint8Array; readonly ends: readonly number[] }

/** What to make of the record of an id; `onto` gets its encoding, or nothing where there is none, and returns it itself when nothing changes. */
export type Patch = { readonly id: Uint8Array; onto(before: Uint8Array | undefined): Uint8Array }

/** The same before the pieces, each one or more records, are joined. */
export type Pieces = { readonly pieces: readonly Uint8Array[]; readonly ends: readonly number[] }

export function piecesOf(records: readonly Uint8Array[]): Pieces {
  const ends: number[] = []
  let end = 0
  for (const record of records) {
    end += record.length
    ends.push(end)
  }
  return { pieces: records, ends }
}

export function joinPieces({ pieces, ends }: Pieces): Packed {
  const body = new Uint8Array(ends[ends.length - 1] ?? 0)
  copyPieces(pieces, body, 0)
  return { body, ends }
}

export function copyPieces(pieces: readonly Uint8Array[], to: Uint8Array, from: number): void {
  let at = from
  for (const piece of pieces) {
    to.set(piece, at)
    at += piece.length
  }
}

/** A view of record i. */
function recordAt({ body, ends }: Packed, i: number): Uint8Array {
  return body.subarray(startOf(ends, i), ends[i])
}

export function* recordsIn(packed: Packed): Generator<Uint8Array> {
  for (let i = 0; i < packed.ends.length; i += 1) yield recordAt(packed, i)
}

/** The id of an encoded record, without decoding the rest. */
export function idOfEncoded(record: Uint8Array): Uint8Array {
  checkStart(record, 0, record.length)
  return record.subarray(idAt, idAt + idBytes)
}

/** The hexadecimal digit of record i's id at this depth. */
export function nibbleIn({ body, ends }: Packed, i: number, depth: number): number {
  const byte = body[startOf(ends, i) + idAt + (depth >> 1)] as number
  return depth % 2 === 0 ? byte >> 4 : byte & 15
}

/** `damaged.record` unless every record begins as one does, and ids ascend. */
export function checkPacked({ body, ends }: Packed): void {
  let before = -1
  for (let i = 0; i < ends.length; i += 1) {
    const start = startOf(ends, i)
    checkStart(body, start, ends[i] as number)
    if (before >= 0 && compareIds(body, before, body, start + idAt) >= 0) throw malformed()
    before = start + idAt
  }
}

/** The records from `from` up to `to`, as views. */
export function slicePacked({ body, ends }: Packed, from: number, to: number): Packed {
  const start = startOf(ends, from)
  const shifted: number[] = []
  for (let i = from; i < to; i += 1) shifted.push((ends[i] as number) - start)
  return { body: body.subarray(start, startOf(ends, to)), ends: shifted }
}

export function findInPacked(packed: Packed, id: Uint8Array): Uint8Array | undefined {
  const { body, ends } = packed
  let from = 0
  let to = ends.length - 1
  while (from <= to) {
    const middle = (from + to) >> 1
    const order = compareIds(body, startOf(ends, middle) + idAt, id, 0)
    if (order === 0) return recordAt(packed, middle)
    if (order < 0) from = middle + 1
    else to = middle - 1
  }
  return undefined
}

/** The records with the patches (ascending, each once) applied, what is between two patches in one piece; undefined where nothing changed. */
export function patchPacked(packed: Packed, patches: readonly Patch[]): Pieces | undefined {
  const { body, ends } = packed
  const pieces: Uint8Array[] = []
  const newEnds: number[] = []
  let isChanged = false
  let end = 0
  let at = 0
  const copyUpTo = (to: number) => {
    if (to === at) return
    const start = startOf(ends, at)
    const shift = end - start
    for (let i = at; i < to; i += 1) newEnds.push((ends[i] as number) + shift)
    pieces.push(body.subarray(start, ends[to - 1]))
    end = newEnds[newEnds.length - 1] as number
    at = to
  }
  for (const { id, onto } of patches) {
    let to = at
    let order = -1
    for (; to < ends.length; to += 1) {
      order = compareIds(body, startOf(ends, to) + idAt, id, 0)
      if (order >= 0) break
    }
    copyUpTo(to)
    const before = to < ends.length && order === 0 ? recordAt(packed, to) : undefined
    const after = onto(before)
    if (before !== undefined) at += 1
    if (before !== after) isChanged = true
    pieces.push(after)
    end += after.length
    newEnds.push(end)
  }
  copyUpTo(ends.length)
  return isChanged ? { pieces, ends: newEnds } : undefined
}

// A record begins with the heads of an array of three and of a byte string of sixteen (RFC 8949 section 3).
const threeItems = 0x83
const bytesOf16 = 0x50
const idAt = 2

function startOf(ends: readonly number[], i: number): number {
  return i === 0 ? 0 : (ends[i - 1] as number)
}

function compareIds(a: Uint8Array, atA: number, b: Uint8Array, atB: number): number {
  for (let i = 0; i < idBytes; i += 1) {
    const difference = (a[atA + i] as number) - (b[atB + i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function checkStart(body: Uint8Array, start: number, end: number): void {
  const isRecord = body[start] === threeItems && body[start + 1] === bytesOf16 && end - start > idAt + idBytes
  if (!isRecord) throw malformed()
}

function malformed(): Fault {
  return new Fault('damaged.record', 'Records of the index are malformed and were not used.')
}
