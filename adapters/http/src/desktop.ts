import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { toHex } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import { mediaTypes } from './media-types.ts'

/** One file of the desktop's build, ready to be sent. */
export type DesktopFile = {
  readonly bytes: Uint8Array
  /** Brotli, where that is smaller. */
  readonly packed: Uint8Array | undefined
  readonly type: string
  readonly etag: string
  /** Its name changes with its content, so that nobody has to ask again. */
  readonly isForever: boolean
}

export type Desktop = { file(path: string): Promise<DesktopFile | undefined> }

const compress = promisify(brotliCompress)
const packedBytesMin = 1024
const packing = new Map<string, Promise<Uint8Array>>()

/**
 * What the desktop may do in a browser: its own scripts and styles, its own node, apps in frames of an origin of their
 * own, and nothing from or to anybody else.
 */
export const desktopPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A folder with the built desktop. Only what lay in it when it was first asked is ever given out. */
export function createDesktop(folder: string): Desktop {
  let names: Promise<ReadonlySet<string>> | undefined
  const loaded = new Map<string, Promise<DesktopFile>>()
  return {
    async file(path) {
      names ??= namesIn(folder)
      const name = path === '/' ? 'index.html' : path.slice(1)
      if (!(await names).has(name)) return undefined
      const known = loaded.get(name) ?? load(folder, name)
      loaded.set(name, known)
      return known
    },
  }
}

async function namesIn(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile())
  return new Set(
    files.map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    ),
  )
}

async function load(folder: string, name: string): Promise<DesktopFile> {
  const bytes = await readFile(join(folder, name))
  const type = mediaTypes[extname(name)] ?? 'application/octet-stream'
  const isText = type.startsWith('text/') || /json|svg|wasm/.test(type)
  const hash = toHex(hashBlake3(bytes).subarray(0, 16))
  const packed = isText && bytes.length >= packedBytesMin ? await pack(hash, bytes) : undefined
  return {
    bytes,
    packed: packed !== undefined && packed.length < bytes.length ? packed : undefined,
    type,
    etag: `"${hash}"`,
    isForever: name.startsWith('assets/'),
  }
}

/** Of each content once, whichever desktop of this process asks. */
function pack(hash: string, bytes: Uint8Array): Promise<Uint8Array> {
  const known = packing.get(hash) ?? compress(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
  packing.set(hash, known)
  return known
}
