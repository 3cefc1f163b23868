import { fromUtf8 } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import type { DiskFile, PutFile, PutItem, PutSkipped, StreamContent } from '@anarq/flows'
import { type EntryHead, encodeHead, paddingFor, tarEnd, tarType } from '@anarq/tar'
import { faultRecord } from './fault-record.ts'
import { type ImportOptions, linkType, optionsPath, partBytes, record } from './import-format.ts'
import { createStaging, type Staging, stage } from './staging.ts'

type Pieces = AsyncGenerator<Uint8Array, void, undefined>

/** Whether the node has a file already, of this name, size and time: its bytes need not travel then. */
export type IsKnown = (file: PutFile) => boolean | Promise<boolean>

/** Where the node can read it itself, so that its bytes need not travel; undefined where it cannot. */
export type PlaceOf = (file: PutFile) => Promise<DiskFile | undefined>

export type PackOptions = { readonly isKnown?: IsKnown | undefined; readonly placeOf?: PlaceOf | undefined }

/**
 * Items of a put as a tar archive, in pieces as `createStaging` gives them. A file that cannot be read whole does not
 * stop the others: the archive says so behind it, and the node leaves it out.
 */
export async function* packItems(
  items: AsyncIterable<readonly PutItem[]>,
  options: ImportOptions,
  { isKnown = () => false, placeOf = async () => undefined }: PackOptions = {},
): Pieces {
  const staging = createStaging({ isReusing: true })
  const bytes = fromUtf8(JSON.stringify(options))
  yield* stage(
    staging,
    encodeHead({ path: optionsPath, type: tarType.file, bytes: bytes.length, modifiedMs: 0 }),
    bytes,
    paddingFor(bytes.length),
  )
  for await (const batch of items) {
    for (const item of batch) {
      if (item.kind === 'file' && (await isKnown(item))) yield* stage(staging, unchangedHead(item))
      else if (item.kind === 'file' && item.content.kind === 'stream') {
        const seen = await placeOf(item)
        if (seen === undefined) yield* packStream(item, item.content, staging)
        else yield* stage(staging, placeHead(item, seen))
      } else yield* stage(staging, ...whole(item))
    }
  }
  yield* stage(staging, tarEnd)
  const last = staging.take()
  if (last !== undefined) yield last
}

/** Header, body and padding of an item that fits into memory. */
function whole(item: PutItem): Uint8Array[] {
  if (item.kind === 'folder') return [encodeHead({ ...item, type: tarType.folder, bytes: 0 })]
  if (item.kind === 'skipped') return [skippedHead(item)]
  if (item.content.kind === 'stream') return []
  let bytes: Uint8Array
  try {
    bytes = item.content.readAll().slice()
  } catch (error) {
    return [skippedHead({ kind: 'skipped', path: item.path, fault: asFault(error) })]
  }
  const target = item.type === linkType ? targetOf(bytes) : undefined
  if (target !== undefined)
    return [encodeHead({ ...headOf(item, 0), type: tarType.link, link: target, records: [] })]
  return [encodeHead(headOf(item, bytes.length)), bytes, paddingFor(bytes.length)]
}

async function* packStream(file: PutFile, content: StreamContent, staging: Staging): Pieces {
  let sent: Sent = { bytes: 0, isWhole: false }
  let fault: Fault | undefined
  const reader = await content.open().catch((error: unknown) => asFault(error))
  if (reader instanceof Fault) {
    yield* stage(staging, skippedHead({ kind: 'skipped', path: file.path, fault: reader }))
    return
  }
  const read = async (into: Uint8Array): Promise<number> => {
    try {
      return await reader.read(into)
    } catch (error) {
      fault = asFault(error)
      return 0
    }
  }
  try {
    sent =
      file.bytes === undefined
        ? yield* packParts(file, read, staging)
        : yield* packBody(file, file.bytes, read, staging)
  } finally {
    await reader.close().catch((error: unknown) => {
      fault ??= asFault(error)
    })
  }
  if (!sent.isWhole)
    fault ??= new Fault(
      'conflict.changing',
      `${file.path} was being changed while it was read, so it was left out. Put it again when it rests.`,
    )
  if (fault !== undefined)
    yield* stage(
      staging,
      encodeHead({
        path: file.path,
        type: tarType.file,
        bytes: 0,
        modifiedMs: 0,
        records: [faultRecord(record.fault, fault)],
      }),
    )
}

type Read = (into: Uint8Array) => Promise<number>
type Sent = { readonly bytes: number; readonly isWhole: boolean }

/** A body of the announced length, filled up with zeros where the source has less. */
async function* packBody(
  file: PutFile,
  bytes: number,
  read: Read,
  staging: Staging,
): AsyncGenerator<Uint8Array, Sent, undefined> {
  yield* stage(staging, encodeHead(headOf(file, bytes)))
  let left = bytes
  let isWhole = true
  while (left > 0) {
    const room = staging.room()
    if (room.length === 0) {
      yield staging.take() as Uint8Array
      continue
    }
    const into = room.subarray(0, left)
    let filled = isWhole ? await read(into) : 0
    if (filled === 0) {
      isWhole = false
      filled = into.fill(0).length
    }
    staging.filled(filled)
    left -= filled
  }
  if (isWhole) isWhole = (await read(new Uint8Array(1))) === 0
  yield* stage(staging, paddingFor(bytes))
  return { bytes, isWhole }
}

/** A body whose length shows only at its end: one entry after another. */
async function* packParts(
  file: PutFile,
  read: Read,
  staging: Staging,
): AsyncGenerator<Uint8Array, Sent, undefined> {
  const part = new Uint8Array(partBytes)
  let bytes = 0
  for (;;) {
    const filled = await fill(part, read)
    const isLast = filled < part.length
    const head = headOf(file, filled)
    yield* stage(
      staging,
      encodeHead({ ...head, records: [...(head.records ?? []), [record.more, isLast ? '0' : '1']] }),
      part.subarray(0, filled),
      paddingFor(filled),
    )
    bytes += filled
    if (isLast) return { bytes, isWhole: true }
  }
}

async function fill(into: Uint8Array, read: Read): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const more = await read(into.subarray(filled))
    if (more === 0) break
    filled += more
  }
  return filled
}

function headOf({ path, modifiedMs, mode, type }: PutFile, bytes: number): EntryHead {
  return {
    path,
    type: tarType.file,
    bytes,
    modifiedMs,
    mode,
    records: type === undefined ? [] : [[record.type, type]],
  }
}

function unchangedHead(file: PutFile): Uint8Array {
  return encodeHead({ ...headOf(file, 0), records: [[record.unchanged, String(file.bytes)]] })
}

function placeHead(file: PutFile, seen: DiskFile): Uint8Array {
  const head = headOf(file, 0)
  return encodeHead({ ...head, records: [...(head.records ?? []), [record.disk, JSON.stringify(seen)]] })
}

function skippedHead({ path, fault }: PutSkipped): Uint8Array {
  return encodeHead({
    path,
    type: tarType.file,
    bytes: 0,
    modifiedMs: 0,
    records: [faultRecord(record.skipped, fault)],
  })
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A link's target where tar can carry it: not empty, Unicode, without NUL. */
function targetOf(bytes: Uint8Array): string | undefined {
  try {
    const target = decoder.decode(bytes)
    return target === '' || target.includes('\0') ? undefined : target
  } catch {
    return undefined
  }
}
