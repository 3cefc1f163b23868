import { concatBytes, fromUtf8 } from '@anarq/bytes'
import {
  blockBytes,
  linkBytesMax,
  nameBytesMax,
  octalMax,
  paddingOf,
  tarType,
  writeHeader,
} from './header.ts'
import { writePax } from './pax.ts'

/** What an entry's header says. */
export type EntryHead = {
  /** Relative, parts joined by `/`; folders without one at the end. */
  readonly path: string
  readonly type: number
  readonly bytes: number
  readonly modifiedMs: number
  readonly mode?: number | undefined
  readonly link?: string
  /** Records of our own: keywords that begin with `ANARQ.`. */
  readonly records?: readonly (readonly [keyword: string, value: string])[]
}

/** Two blocks of zeros end an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes)

/** The zeros behind a body of so many bytes. */
export function paddingFor(bytes: number): Uint8Array {
  return zeros.subarray(0, paddingOf(bytes))
}

/** The header of an entry, behind an extended one where the plain one cannot say everything. */
export function encodeHead({
  path,
  type,
  bytes,
  modifiedMs,
  mode,
  link = '',
  records = [],
}: EntryHead): Uint8Array {
  const name = fromUtf8(type === tarType.folder ? `${path}/` : path)
  const target = fromUtf8(link)
  const extended: (readonly [string, string])[] = [...records]
  if (!fits(name, path, nameBytesMax)) extended.push(['path', type === tarType.folder ? `${path}/` : path])
  if (!fits(target, link, linkBytesMax)) extended.push(['linkpath', link])
  if (bytes > octalMax) extended.push(['size', String(bytes)])
  const seconds = Math.floor(modifiedMs / 1000)
  const isWhole = seconds * 1000 === modifiedMs && seconds >= 0 && seconds <= octalMax
  if (!isWhole) extended.push(['mtime', decimalSeconds(modifiedMs)])
  const header = writeHeader({
    name: name.subarray(0, nameBytesMax),
    link: target.subarray(0, linkBytesMax),
    type,
    bytes: Math.min(bytes, octalMax),
    modifiedSeconds: Math.min(Math.max(0, seconds), octalMax),
    mode,
  })
  return extended.length === 0 ? header : concatBytes(encodePax(extended), header)
}

function encodePax(records: readonly (readonly [string, string])[]): Uint8Array {
  const body = writePax(records)
  const header = writeHeader({
    name: paxName,
    link: noBytes,
    type: tarType.pax,
    bytes: body.length,
    modifiedSeconds: 0,
    mode: 0o644,
  })
  return concatBytes(header, body, paddingFor(body.length))
}

const zeros = new Uint8Array(blockBytes)
const noBytes = new Uint8Array(0)
const paxName = fromUtf8('PaxHeaders/entry')

/** What is short and ASCII is understood alike by every tar; a NUL would end a plain name. */
function fits(bytes: Uint8Array, text: string, bytesMax: number): boolean {
  return bytes.length <= bytesMax && bytes.length === text.length && !text.includes('\0')
}

function decimalSeconds(ms: number): string {
  const whole = Math.round(Math.abs(ms))
  return `${ms < 0 ? '-' : ''}${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, '0')}`
}
