/** Helpers for archives in tests. */
import { Fault } from '@anarq/fault'
import { type PutItem, streamContent } from '@anarq/flows'
import { unpackItems } from '../src/tar/unpack-items.ts'

export type Plain =
  | { kind: 'folder'; path: string; modifiedMs: number }
  | { kind: 'skipped'; path: string; code: string; sentence: string }
  | {
      kind: 'file'
      path: string
      modifiedMs: number
      mode: number | undefined
      type: string | undefined
      bytes: number | undefined
      content: string
    }

export async function* batches(...lists: readonly (readonly PutItem[])[]): AsyncIterable<readonly PutItem[]> {
  yield* lists
}

export async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  // A piece may be overwritten later: it is copied at once.
  for await (const piece of pieces) all.push(piece.slice())
  return Buffer.concat(all)
}

/** The same bytes in pieces of these lengths, over and over. */
export async function* pieced(
  bytes: Uint8Array,
  lengths: readonly number[] = [65_536],
): AsyncIterable<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** Everything of an archive, read as a put would: a file that is not whole becomes a skipped one. */
export async function unpacked(pieces: AsyncIterable<Uint8Array>): Promise<Plain[]> {
  const { items } = await unpackItems(pieces)
  const all: Plain[] = []
  for await (const batch of items) for (const item of batch) all.push(await plain(item))
  return all
}

async function plain(item: PutItem): Promise<Plain> {
  if (item.kind === 'folder') return item
  if (item.kind === 'skipped')
    return { kind: 'skipped', path: item.path, code: item.fault.code, sentence: item.fault.message }
  const { kind, path, modifiedMs, mode, type, bytes } = item
  try {
    return {
      kind,
      path,
      modifiedMs,
      mode,
      type,
      bytes,
      content: Buffer.from(await contentOf(item)).toString('hex'),
    }
  } catch (error) {
    if (error instanceof Fault && error.code !== 'invalid.tar')
      return { kind: 'skipped', path, code: error.code, sentence: error.message }
    throw error
  }
}

async function contentOf({ content }: PutItem & { kind: 'file' }): Promise<Uint8Array> {
  if (content.kind === 'small') return content.readAll()
  const reader = await content.open()
  const parts: Uint8Array[] = []
  const into = new Uint8Array(10_000)
  for (let read = await reader.read(into); read > 0; read = await reader.read(into))
    parts.push(into.slice(0, read))
  await reader.close()
  return Buffer.concat(parts)
}

export function smallFile(
  path: string,
  content: Uint8Array,
  more: { modifiedMs?: number; mode?: number; type?: string } = {},
): PutItem {
  return {
    kind: 'file',
    path,
    bytes: content.length,
    modifiedMs: 0,
    ...more,
    content: { kind: 'small', readAll: () => content },
  }
}

export function streamedFile(
  path: string,
  bytes: number | undefined,
  pieces: AsyncIterable<Uint8Array>,
): PutItem {
  return { kind: 'file', path, bytes, modifiedMs: 0, content: streamContent(pieces) }
}

/** Puts the right checksum into a changed header. */
export function checksum(block: Buffer): void {
  block.fill(0x20, 148, 156)
  const sum = block.reduce((all, byte) => all + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}
