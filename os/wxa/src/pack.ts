import { fromUtf8, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import { canonicalJson } from '@anarq/squid'
import type { PackEntry } from './archive.ts'
import { fileBytesMax } from './limits.ts'
import {
  type DraftManifest,
  type FileEntry,
  type Manifest,
  manifestBytes,
  manifestPath,
  readUnsigned,
  type UnsignedManifest,
} from './manifest.ts'
import { checkPath, shownPath } from './path.ts'
import { isBomb } from './read-package.ts'

export type SourceFile = { readonly path: string; readonly bytes: Uint8Array }

export type PackOptions = {
  /** Raw deflate (RFC 1951). The same bytes must give the same result everywhere, or packages do not repeat. */
  deflate(bytes: Uint8Array): Uint8Array
}

export type Packed = {
  readonly manifest: UnsignedManifest
  /** As they lie in the package: the manifest first, then the files by path. */
  readonly entries: readonly PackEntry[]
}

/** Files and a draft as one unsigned package; the same input gives the same bytes, in whatever order it comes. */
export function packFiles(
  files: readonly SourceFile[],
  draft: DraftManifest,
  { deflate }: PackOptions,
): Packed {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const entries = sorted.map((file) => packFile(file, deflate))
  // As it will be read: in the canonical text's order of fields, and with every check of a stranger's package.
  const text = canonicalJson({ ...draft, files: entries.map(describeEntry) })
  const manifest = readUnsigned(JSON.parse(text))
  return { manifest, entries: withManifest(entries, manifest) }
}

/** The same files under another manifest: how a signed one takes the place of the unsigned. */
export function withManifest(entries: readonly PackEntry[], manifest: Manifest): readonly PackEntry[] {
  const files = entries.filter(({ path }) => path !== manifestPath)
  return [{ path: manifestPath, content: manifestBytes(manifest) }, ...files]
}

/** What a signature of this package is over, for the log of who signed what: SHA-256 in hexadecimal. */
export function digestOf(manifest: UnsignedManifest): string {
  return toHex(primitives.sha256(fromUtf8(canonicalJson(manifest))))
}

function packFile({ path, bytes }: SourceFile, deflate: PackOptions['deflate']): PackEntry {
  checkPath(path)
  if (bytes.length > fileBytesMax)
    throw new Fault(
      'limit.package-file',
      `${shownPath(path)} has ${bytes.length} bytes; a file of a package has at most ${fileBytesMax}.`,
    )
  const deflated = deflate(bytes)
  const isWorthIt = deflated.length < bytes.length && !isBomb(bytes.length, deflated.length)
  return isWorthIt ? { path, content: bytes, deflated } : { path, content: bytes }
}

function describeEntry({ path, content, deflated }: PackEntry): FileEntry {
  const sha256 = (bytes: Uint8Array): string => toHex(primitives.sha256(bytes))
  return {
    path,
    bytes: content.length,
    sha256: sha256(content),
    ...(deflated === undefined ? {} : { packed: { bytes: deflated.length, sha256: sha256(deflated) } }),
  }
}
