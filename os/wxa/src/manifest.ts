import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { canonicalJson, parseCanonicalJson } from '@anarq/squid'
import { badField, type Fields, readInteger, readMap, readPattern, readShown } from './fields.ts'
import {
  cardCharactersMax,
  fileBytesMax,
  filesMax,
  manifestBytesMax,
  nameCharactersMax,
  totalBytesMax,
} from './limits.ts'
import { type AppFields, appFieldNames, checkEntryPoints, readAppFields } from './manifest-fields.ts'
import { checkPath, createPathRegister } from './path.ts'

export const manifestPath = 'manifest.json'

/** One file of a package besides the manifest. */
export type FileEntry = {
  readonly path: string
  /** Unpacked. */
  readonly bytes: number
  /** Of its content, in hexadecimal. */
  readonly sha256: string
  /** Of the deflated bytes as they lie in the package; absent where the content lies in it as it is. */
  readonly packed?: { readonly bytes: number; readonly sha256: string }
}

/** The DID, the name that it publishes under, and its card: whose key it is can be checked with nothing else. */
export type Publisher = { readonly did: string; readonly name: string; readonly card: string }

/** What a developer writes: everything but what packing and signing add. */
export type DraftManifest = AppFields & { readonly publisher?: { readonly name: string } }
export type UnsignedManifest = DraftManifest & { readonly files: readonly FileEntry[] }
export type SignedManifest = AppFields & {
  readonly publisher: Publisher
  readonly files: readonly FileEntry[]
  /** base64url, over `signedBytesOf`. */
  readonly signature: string
}
export type Manifest = UnsignedManifest | SignedManifest

export function isSigned(manifest: Manifest): manifest is SignedManifest {
  return 'signature' in manifest
}

/** From a developer's folder: any JSON text. Throws `invalid.manifest`, which names the field. */
export function parseDraft(text: string): DraftManifest {
  if (text.length > manifestBytesMax) throw tooLarge()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : ''
    throw new Fault('invalid.manifest', `manifest.json is not JSON: ${said}`, { cause, data: { field: '' } })
  }
  const fields = readMap(value, '', appFieldNames.required, [...appFieldNames.optional, 'publisher'])
  return { ...readAppFields(fields, { isDraft: true }), ...readPublisherName(fields) }
}

/** From a package: exactly the bytes that `manifestBytes` writes, signed or not. */
export function parseManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > manifestBytesMax) throw tooLarge()
  return readManifest(parseCanonicalJson(textOf(bytes), 'manifest.json'))
}

function readManifest(value: unknown): Manifest {
  const isSignedOne = typeof value === 'object' && value !== null && Object.hasOwn(value, 'signature')
  return isSignedOne ? readSigned(value) : readUnsigned(value)
}

export function readUnsigned(value: unknown): UnsignedManifest {
  const fields = readMap(
    value,
    '',
    [...appFieldNames.required, 'files'],
    [...appFieldNames.optional, 'publisher'],
  )
  const manifest = { ...readAppFields(fields), ...readPublisherName(fields), files: readFiles(fields.files) }
  checkEntryPoints(manifest, manifest.files)
  return manifest
}

function readSigned(value: unknown): SignedManifest {
  const added = ['files', 'publisher', 'signature']
  const fields = readMap(value, '', [...appFieldNames.required, ...added], appFieldNames.optional)
  const manifest = {
    ...readAppFields(fields),
    publisher: readPublisher(fields.publisher),
    files: readFiles(fields.files),
    signature: readSignature(fields.signature),
  }
  checkEntryPoints(manifest, manifest.files)
  return manifest
}

export function readSignature(value: unknown): string {
  return readPattern(value, 'signature', /^[A-Za-z0-9_-]{4498}$/, 'a signature in base64url')
}

/** The one text of a manifest, as it lies in the package: canonical JSON (RFC 8785) in UTF-8. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  const bytes = fromUtf8(canonicalJson(manifest))
  if (bytes.length > manifestBytesMax) throw tooLarge()
  return bytes
}

/** What a signature is over: the manifest without its signature. It names every file with its checksum. */
export function signedBytesOf(manifest: Manifest | Omit<SignedManifest, 'signature'>): Uint8Array {
  const { signature: _, ...rest } = manifest as Partial<SignedManifest>
  return fromUtf8(canonicalJson(rest))
}

export function readPublisherName(fields: Fields): { publisher?: { name: string } } {
  if (fields.publisher === undefined) return {}
  const { name } = readMap(fields.publisher, 'publisher', ['name'])
  return { publisher: { name: readShown(name, 'publisher.name', nameCharactersMax) } }
}

export function readPublisher(value: unknown): Publisher {
  const { did, name, card } = readMap(value, 'publisher', ['card', 'did', 'name'])
  if (typeof card !== 'string' || card.length > cardCharactersMax)
    throw badField('publisher.card', `must be a card of at most ${cardCharactersMax} characters.`)
  return {
    did: readPattern(did, 'publisher.did', /^did:[a-z0-9]{1,32}:[A-Za-z0-9._:%-]{1,200}$/, 'a DID'),
    name: readShown(name, 'publisher.name', nameCharactersMax),
    card,
  }
}

function readFiles(value: unknown): readonly FileEntry[] {
  if (!Array.isArray(value) || value.length === 0) throw badField('files', 'must be a list of files.')
  if (value.length > filesMax)
    throw new Fault('limit.package-files', `A package has at most ${filesMax} files. Join some of them.`)
  const register = createPathRegister()
  register.add(manifestPath)
  const files = value.map(readFile)
  let total = 0
  for (const [i, { path, bytes }] of files.entries()) {
    register.add(path)
    total += bytes
    const before = files[i - 1]
    if (before !== undefined && before.path > path)
      throw badField('files', 'must be in the order of their paths (UTF-16 code units).')
  }
  if (total > totalBytesMax)
    throw new Fault('limit.package-total', `A package unpacks to at most ${totalBytesMax} bytes.`)
  return files
}

function readFile(value: unknown, index: number): FileEntry {
  const field = `files.${index}`
  const fields = readMap(value, field, ['bytes', 'path', 'sha256'], ['packed'])
  if (typeof fields.path !== 'string') throw badField(`${field}.path`, 'must be text.')
  const bytes = readInteger(fields.bytes, `${field}.bytes`, { min: 0, max: fileBytesMax })
  const sized = {
    path: checkPath(fields.path),
    bytes,
    sha256: readSha256(fields.sha256, `${field}.sha256`),
  }
  if (fields.packed === undefined) return sized
  const packed = readMap(fields.packed, `${field}.packed`, ['bytes', 'sha256'])
  return {
    ...sized,
    packed: {
      bytes: readInteger(packed.bytes, `${field}.packed.bytes`, { min: 1, max: bytes - 1 }),
      sha256: readSha256(packed.sha256, `${field}.packed.sha256`),
    },
  }
}

export function readSha256(value: unknown, field: string): string {
  return readPattern(value, field, /^[0-9a-f]{64}$/, 'a SHA-256 in 64 hexadecimal digits')
}

function textOf(bytes: Uint8Array): string {
  try {
    return toUtf8(bytes)
  } catch (cause) {
    throw new Fault('invalid.manifest', 'manifest.json is no UTF-8 text.', { cause, data: { field: '' } })
  }
}

function tooLarge(): Fault {
  return new Fault(
    'limit.manifest',
    `manifest.json is larger than ${manifestBytesMax} bytes. Use fewer files or shorter paths.`,
  )
}
