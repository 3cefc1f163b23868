import { concatBytes, equalBytes, formatBytes, fromHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import type { PublicIdentity } from '@anarq/squid'
import type { Archive, ArchiveEntry, PackEntry } from './archive.ts'
import {
  fileBytesMax,
  filesMax,
  manifestBytesMax,
  packageBytesMax,
  ratioFreeBytes,
  ratioMax,
  totalBytesMax,
} from './limits.ts'
import { type FileEntry, isSigned, type Manifest, manifestPath, parseManifest } from './manifest.ts'
import { checkPath, createPathRegister, shownPath } from './path.ts'
import { type VerifyOptions, verifyManifest } from './signing.ts'

export type ReadOptions = VerifyOptions & {
  /** For development alone: takes a package that nobody signed. */
  readonly allowsUnsigned?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A package of which everything has been verified. */
export type Package = {
  readonly manifest: Manifest
  /** Who signed it; absent where nobody did. */
  readonly publisher?: PublicIdentity
  /** Of the file, and of what is in it, unpacked. */
  readonly bytes: number
  readonly unpackedBytes: number
  /** One file's content, verified again as it is read. */
  read(path: string): Promise<Uint8Array>
  /** Every file as it lies in the package, in order, without the manifest: to sign what is unsigned. */
  entries(): Promise<readonly PackEntry[]>
}

/**
 * Reads a package of anybody's: first what the archive lists, then the manifest, then whose signature it is, and only then
 * each file, against its checksums. Whatever is wrong throws a `Fault` with a code of its own. The archive stays open.
 */
export async function readPackage(archive: Archive, options: ReadOptions): Promise<Package> {
  const { allowsUnsigned = false, signal } = options
  const entries = await listEntries(archive, signal)
  const manifest = await readFirst(entries)
  const files = matchFiles(entries.slice(1), manifest.files)
  const publisher = isSigned(manifest) ? verifyManifest(manifest, options) : undefined
  if (publisher === undefined && !allowsUnsigned)
    throw new Fault(
      'refused.unsigned',
      'Nobody signed this package, so nobody can tell where it comes from. Ask its publisher for a signed one; your own you sign with: anarq app sign',
    )
  for (const { entry, file } of files.values()) {
    signal?.throwIfAborted()
    await readFile(entry, file)
  }
  return {
    manifest,
    ...(publisher === undefined ? {} : { publisher }),
    bytes: archive.bytes,
    unpackedBytes: manifest.files.reduce((sum, { bytes }) => sum + bytes, 0),
    async read(path) {
      const found = files.get(path)
      if (found === undefined)
        throw new Fault('missing.package-file', `There is no ${shownPath(path)} in this package.`)
      return (await readFile(found.entry, found.file)).content
    },
    async entries() {
      const all: PackEntry[] = []
      for (const { entry, file } of files.values()) all.push(await readFile(entry, file))
      return all
    },
  }
}

/** Every entry's facts, judged as they come: no more is read of a list that is too long. */
async function listEntries(archive: Archive, signal?: AbortSignal): Promise<readonly ArchiveEntry[]> {
  if (archive.bytes > packageBytesMax)
    throw new Fault(
      'limit.package-bytes',
      `This package has ${formatBytes(archive.bytes)}; a package has at most ${formatBytes(packageBytesMax)}.`,
    )
  const entries: ArchiveEntry[] = []
  const register = createPathRegister()
  let totalBytes = 0
  for await (const entry of archive.entries()) {
    signal?.throwIfAborted()
    if (entries.length > filesMax)
      throw new Fault(
        'limit.package-files',
        `This package has more than ${filesMax} files. Nothing was unpacked.`,
      )
    if (entries.length === 0) checkFirst(entry)
    else if (entry.path.toLowerCase() === manifestPath)
      throw new Fault(
        'refused.manifest-twice',
        'This package has two manifests. It was made to be read in two ways: do not use it.',
      )
    checkEntry(entry)
    register.add(entry.path)
    totalBytes += entry.bytes
    if (totalBytes > totalBytesMax + manifestBytesMax)
      throw new Fault(
        'limit.package-total',
        `This package would unpack to more than ${formatBytes(totalBytesMax)}. Nothing was unpacked.`,
      )
    entries.push(entry)
  }
  return entries
}

function checkFirst({ path, bytes, method }: ArchiveEntry): void {
  if (path !== manifestPath)
    throw new Fault(
      'refused.manifest-place',
      'The first file of this package is not manifest.json. It is no app package, or another tool made it: pack it with anarq app pack.',
    )
  if (bytes > manifestBytesMax)
    throw new Fault(
      'limit.manifest',
      `The manifest of this package has ${formatBytes(bytes)}; it may have ${formatBytes(manifestBytesMax)}.`,
    )
  if (method !== 'store')
    throw new Fault(
      'refused.manifest-place',
      'The manifest of this package is compressed; it must lie there as it is. Pack it with anarq app pack.',
    )
}

function checkEntry({ path, kind, isEncrypted, bytes, packedBytes }: ArchiveEntry): void {
  if (kind !== 'folder') checkPath(path)
  const name = shownPath(path)
  if (kind === 'link')
    throw new Fault('refused.entry-link', `${name} is a link to another file. Put the file itself there.`)
  if (kind === 'folder')
    throw new Fault('refused.entry-folder', `${name} is a folder; a package lists files only. Pack it again.`)
  if (isEncrypted)
    throw new Fault('refused.entry-encrypted', `${name} is encrypted. Pack it without a password.`)
  if (bytes > fileBytesMax)
    throw new Fault(
      'limit.package-file',
      `${name} would unpack to ${formatBytes(bytes)}; a file has at most ${formatBytes(fileBytesMax)}.`,
    )
  if (isBomb(bytes, packedBytes))
    throw new Fault(
      'limit.package-ratio',
      `${name} would unpack to ${Math.floor(bytes / Math.max(1, packedBytes))} times its size. That is how packages are made that fill a disk; nothing was unpacked.`,
    )
}

/** Packing leaves such a file as it is, so that it can be read. */
export function isBomb(bytes: number, packedBytes: number): boolean {
  return bytes > ratioFreeBytes && bytes > ratioMax * packedBytes
}

async function readFirst([first]: readonly ArchiveEntry[]): Promise<Manifest> {
  if (first === undefined)
    throw new Fault('refused.manifest-place', 'This package is empty: it has no manifest.json.')
  return parseManifest(await collect(first.read(), first.bytes, first.path))
}

type Matched = { readonly entry: ArchiveEntry; readonly file: FileEntry }

/** The archive lists what the manifest lists, no more and no less, in the same order and with the same sizes. */
function matchFiles(
  entries: readonly ArchiveEntry[],
  files: readonly FileEntry[],
): ReadonlyMap<string, Matched> {
  const listed = new Set(files.map(({ path }) => path))
  const there = new Set(entries.map(({ path }) => path))
  const stranger = entries.find(({ path }) => !listed.has(path))
  if (stranger !== undefined)
    throw new Fault(
      'refused.entry-unlisted',
      `${shownPath(stranger.path)} is in this package, and its manifest does not know of it. Get the package again.`,
    )
  const missing = files.find(({ path }) => !there.has(path))
  if (missing !== undefined)
    throw new Fault(
      'missing.package-file',
      `${shownPath(missing.path)} is in the manifest and not in this package. Get the package again.`,
    )
  const matched = new Map<string, Matched>()
  for (const [i, file] of files.entries()) {
    const entry = entries[i]
    if (entry?.path !== file.path)
      throw new Fault(
        'refused.entry-order',
        'The files of this package are not in the order of its manifest. Pack it with anarq app pack.',
      )
    checkSizes(entry, file)
    matched.set(file.path, { entry, file })
  }
  return matched
}

function checkSizes(entry: ArchiveEntry, { path, bytes, packed }: FileEntry): void {
  const isSame =
    entry.bytes === bytes &&
    entry.packedBytes === (packed?.bytes ?? bytes) &&
    entry.method === (packed === undefined ? 'store' : 'deflate')
  if (!isSame)
    throw new Fault(
      'damaged.package-size',
      `${shownPath(path)} has another size in this package than its manifest says. Get the package again.`,
    )
}

async function readFile(entry: ArchiveEntry, { path, bytes, sha256, packed }: FileEntry): Promise<PackEntry> {
  const deflated = packed && (await collect(entry.readPacked(), packed.bytes, path))
  if (packed !== undefined && deflated !== undefined) checkSum(deflated, packed.sha256, path)
  const content = await collect(entry.read(), bytes, path)
  checkSum(content, sha256, path)
  return deflated === undefined ? { path, content } : { path, content, deflated }
}

/** No more is taken than was announced, whatever comes. */
async function collect(pieces: AsyncIterable<Uint8Array>, bytes: number, path: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let count = 0
  for await (const piece of pieces) {
    count += piece.length
    if (count > bytes) break
    parts.push(piece)
  }
  if (count === bytes) return parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)
  throw new Fault(
    'damaged.package-size',
    `${shownPath(path)} unpacks to ${count > bytes ? 'more' : 'less'} than its manifest says. Get the package again.`,
  )
}

function checkSum(bytes: Uint8Array, sha256: string, path: string): void {
  if (equalBytes(primitives.sha256(bytes), fromHex(sha256))) return
  throw new Fault(
    'damaged.package-checksum',
    `${shownPath(path)} is not what the manifest of this package says: its checksum is another. Get the package again.`,
  )
}
