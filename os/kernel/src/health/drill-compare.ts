import { equalBytes, toHex } from '@anarq/bytes'
import {
  encodeRecord,
  fileKind,
  folderKind,
  type IndexRecord,
  type QIndex,
  readFile,
  readFolder,
  stampKey,
} from '@anarq/qindex'
import { isSystemPath } from '../drive/system-folder.ts'
import { isPurged } from '../drive/versions.ts'
import { grantKind, statusKind } from '../sharing/grant-book.ts'
import { toolKeyKind } from '../tools/tool-book.ts'

/** A file of an index, and where it lies; what is not a person's own is the desktop's or an app's. */
type PlacedFile = {
  readonly record: IndexRecord
  readonly path: string
  readonly isOwn: boolean
  readonly bytes: number
}

const depthMax = 512

/** What is here, each with how the other index differs; all of it is added where there is no other. */
export async function* filesHere(
  here: QIndex,
  kept: QIndex | undefined,
  signal: AbortSignal | undefined,
): AsyncIterable<PlacedFile & { readonly change: 'added' | 'changed' | undefined }> {
  for await (const file of filesOf(here, signal)) {
    const before = await kept?.get(file.record.id)
    const isThere = before !== undefined && !isPurged(before)
    const isSame = isThere && equalBytes(encodeRecord(before), encodeRecord(file.record))
    yield { ...file, change: isSame ? undefined : isThere ? 'changed' : 'added' }
  }
}

/** What the backup has, each with whether it is not here any more. */
export async function* filesKept(
  kept: QIndex,
  here: QIndex,
  signal: AbortSignal | undefined,
): AsyncIterable<PlacedFile & { readonly isGone: boolean }> {
  for await (const file of filesOf(kept, signal)) {
    const now = await here.get(file.record.id)
    yield { ...file, isGone: now === undefined || isPurged(now) }
  }
}

/** By kind of record, the fields that say what is allowed: how often a grant was used changes nothing about it. */
const permissionFields: Readonly<Record<string, readonly string[]>> = {
  [grantKind]: [],
  [statusKind]: ['snapshot'],
  [toolKeyKind]: ['revokedMs'],
}

/** Grants, keys of tools and lists of what was taken back that are not in the other index, or older there. */
export async function permissionsSince(here: QIndex, kept: QIndex | undefined): Promise<number> {
  let count = 0
  for await (const record of here.records()) {
    const names = permissionFields[record.kind]
    if (names === undefined) continue
    const before = await kept?.get(record.id)
    if (before === undefined || names.some((name) => stampOf(before, name) !== stampOf(record, name)))
      count += 1
  }
  return count
}

function stampOf({ fields }: IndexRecord, name: string): string {
  const stamp = fields.get(name)?.stamp
  return stamp === undefined ? '' : stampKey(stamp)
}

async function* filesOf(index: QIndex, signal: AbortSignal | undefined): AsyncIterable<PlacedFile> {
  const pathOf = createPaths(index)
  for await (const record of index.records()) {
    signal?.throwIfAborted()
    if (record.kind !== fileKind || isPurged(record)) continue
    const { name, parent, bytes } = readFile(record)
    const path = await pathOf(name, parent)
    yield { record, path, isOwn: !isSystemPath(path), bytes }
  }
}

type Folder = { readonly name: string; readonly parent: Uint8Array | null }

/** Paths in an index without a view over it: each folder is looked up once. */
function createPaths(index: QIndex): (name: string, parent: Uint8Array | null) => Promise<string> {
  const known = new Map<string, Folder | undefined>()
  const folderOf = async (id: Uint8Array): Promise<Folder | undefined> => {
    const key = toHex(id)
    if (known.has(key)) return known.get(key)
    const record = await index.get(id)
    const folder = record?.kind === folderKind ? readFolder(record) : undefined
    known.set(key, folder)
    return folder
  }
  return async (name, parent) => {
    const names = [name]
    for (let at = parent; at !== null && names.length < depthMax; ) {
      const folder = await folderOf(at)
      if (folder === undefined) break
      names.push(folder.name)
      at = folder.parent
    }
    return `/${names.reverse().join('/')}`
  }
}
