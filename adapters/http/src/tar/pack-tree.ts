import { type Fault, hasCode } from '@anarq/fault'
import type { Content, EntryFacts, TreeEntry } from '@anarq/kernel'
import { type EntryHead, encodeHead, paddingFor, tarEnd, tarType } from '@anarq/tar'
import type { ContentFacts } from '../content-headers.ts'
import { faultRecord } from './fault-record.ts'
import { linkType, record } from './import-format.ts'
import { createStaging, type Staging, stage } from './staging.ts'

export type PackTreeOptions = {
  /** What the archive is of: names in it begin with this one's. */
  root: EntryFacts
  /**
   * For programs that make `TreeEntry`s of it again: says of each entry what it is, and of a file that cannot be read
   * why, so that the others follow. Links are files then.
   */
  hasFacts: boolean
}

type Pieces = AsyncGenerator<Uint8Array, void, undefined>

const folderMode = 0o755
const fileMode = 0o644
const targetBytesMax = 64 * 1024

/** A folder of the drive with all below it as a tar archive. Each piece is the taker's. */
export async function* packTree(tree: AsyncIterable<TreeEntry>, { root, hasFacts }: PackTreeOptions): Pieces {
  const staging = createStaging({ isReusing: false })
  const above = root.path.length - root.name.length
  for await (const one of tree) {
    const head = headOf(one, above, hasFacts)
    if (!('content' in one)) {
      if (head.path !== '' || hasFacts) yield* stage(staging, encodeHead(head))
    } else if (one.content.isLeft === true) yield* stage(staging, encodeHead(left(head)))
    else if (hasFacts) yield* packReadable(head, one.content, staging)
    else yield* packPlain(head, one, staging)
  }
  yield* stage(staging, tarEnd)
  const last = staging.take()
  if (last !== undefined) yield last
}

/** What any tar understands; a file that cannot be read breaks the archive off, so that none passes for whole. */
async function* packPlain(
  head: EntryHead,
  { entry, content: { bytes, stream } }: TreeEntry & { content: Content },
  staging: Staging,
): Pieces {
  if (entry.type === linkType && bytes <= targetBytesMax) {
    yield* stage(staging, encodeHead({ ...head, type: tarType.link, bytes: 0, link: await textOf(stream) }))
    return
  }
  yield* stage(staging, encodeHead(head))
  for await (const piece of stream) yield* stage(staging, piece)
  yield* stage(staging, paddingFor(bytes))
}

/** What is wrong with one file is said in its header, or behind what was sent of it, which zeros fill up. */
async function* packReadable(head: EntryHead, { bytes, stream }: Content, staging: Staging): Pieces {
  let sent = 0
  let isBegun = false
  let fault: Fault | undefined
  try {
    for await (const piece of stream) {
      if (!isBegun) yield* stage(staging, encodeHead(head))
      isBegun = true
      sent += piece.length
      yield* stage(staging, piece)
    }
  } catch (error) {
    if (!isOfOneFile(error)) throw error
    fault = error
  }
  if (!isBegun) {
    yield* stage(staging, encodeHead(fault === undefined ? head : instead(head, fault)))
    return
  }
  for (; sent < bytes; sent += zeros.length) yield* stage(staging, zeros.subarray(0, bytes - sent))
  yield* stage(staging, paddingFor(bytes))
  if (fault !== undefined) yield* stage(staging, encodeHead(behind(head, fault)))
}

function isOfOneFile(error: unknown): error is Fault {
  return hasCode(error, 'damaged') || hasCode(error, 'refused.lock')
}

function left(head: EntryHead): EntryHead {
  return { ...head, bytes: 0, records: [...(head.records ?? []), [record.left, '1']] }
}

function instead(head: EntryHead, fault: Fault): EntryHead {
  return { ...head, bytes: 0, records: [...(head.records ?? []), faultRecord(record.skipped, fault)] }
}

function behind({ path }: EntryHead, fault: Fault): EntryHead {
  return { path, type: tarType.file, bytes: 0, modifiedMs: 0, records: [faultRecord(record.fault, fault)] }
}

const zeros = new Uint8Array(256 * 1024)

function headOf(one: TreeEntry, above: number, hasFacts: boolean): EntryHead {
  const { entry } = one
  const { modifiedMs, mode } = entry
  const path = entry.path.slice(above).replace(/^\//, '')
  const isFile = 'content' in one
  const facts = isFile
    ? { entry, bytes: one.content.bytes, type: one.content.type, etag: one.content.etag }
    : { entry }
  return {
    path,
    type: isFile ? tarType.file : tarType.folder,
    bytes: isFile ? one.content.bytes : 0,
    modifiedMs,
    mode: mode ?? (isFile ? fileMode : folderMode),
    ...(hasFacts ? { records: [[record.facts, JSON.stringify(facts satisfies Partial<ContentFacts>)]] } : {}),
  }
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return new TextDecoder().decode(Buffer.concat(pieces))
}
