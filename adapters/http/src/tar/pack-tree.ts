import type { EntryFacts, TreeEntry } from '@anarq/kernel'
import type { ContentFacts } from '../content-headers.ts'
import { tarType } from './header.ts'
import { linkType, record } from './import-format.ts'
import { createStaging, stage } from './staging.ts'
import { type EntryHead, encodeHead, paddingFor, tarEnd } from './writer.ts'

export type PackTreeOptions = {
  /** What the archive is of: names in it begin with this one's. */
  root: EntryFacts
  /** Says of each entry what it is, for programs that make `TreeEntry`s of it again; links are files then. */
  hasFacts: boolean
}

const folderMode = 0o755
const fileMode = 0o644
const targetBytesMax = 64 * 1024

/** A folder of the drive with all below it as a tar archive. Each piece is the taker's. */
export async function* packTree(
  tree: AsyncIterable<TreeEntry>,
  { root, hasFacts }: PackTreeOptions,
): AsyncIterable<Uint8Array> {
  const staging = createStaging({ isReusing: false })
  const above = root.path.length - root.name.length
  for await (const one of tree) {
    const head = headOf(one, above, hasFacts)
    if (!('content' in one)) {
      if (head.path !== '' || hasFacts) yield* stage(staging, encodeHead(head))
      continue
    }
    const { bytes, stream } = one.content
    if (one.entry.type === linkType && bytes <= targetBytesMax && !hasFacts) {
      yield* stage(staging, encodeHead({ ...head, type: tarType.link, bytes: 0, link: await textOf(stream) }))
      continue
    }
    yield* stage(staging, encodeHead(head))
    for await (const piece of stream) yield* stage(staging, piece)
    yield* stage(staging, paddingFor(bytes))
  }
  yield* stage(staging, tarEnd)
  const last = staging.take()
  if (last !== undefined) yield last
}

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
