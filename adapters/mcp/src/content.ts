import { toBase64 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Sdk, StorageSdk } from '@anarq/sdk'
import type { Answer } from './results.ts'

/** As much as an assistant gets in one call; for more it asks for the next part. */
export const textBytesMax: number = 64 * 1024
export const imageBytesMax: number = 3 * 1024 * 1024
/** So that a part of a text has a whole character in it, wherever it begins. */
const textBytesMin = 8
const binaryBytesMax = 256 * 1024

/** Images that assistants look at; others come as bytes, and SVG as the text that it is. */
const seenImages = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
const textTypes =
  /^(?:text\/.*|message\/.*|.*\+(?:json|xml)|application\/(?:json|xml|yaml|toml|javascript|sql|x-sh|octet-stream))$/

type Input = Parameters<StorageSdk['read']>[0]
type Part = { readonly bytes: Uint8Array; readonly fromByte: number; readonly totalBytes: number }

/** Text as text, an image as an image, anything else as bytes with their type; in parts where it is long. */
export async function readContent({ storage }: Sdk, input: Input): Promise<Answer> {
  const { path, version, fromByte = 0, toByte } = input
  const { kind, type, bytes: latestBytes } = await storage.entry({ path })
  if (kind === 'folder')
    throw new Fault('invalid.kind', `${path} is a folder. See what lies in it with storage_list.`)
  const total = version === undefined ? latestBytes : await bytesOf(storage, path, version)
  const isWhole = input.fromByte === undefined && toByte === undefined
  const isPicture = isWhole && seenImages.includes(type)
  if (isPicture && total > imageBytesMax)
    throw new Fault(
      'limit.image',
      `This image has ${total} bytes, and an image has at most ${imageBytesMax}. Its bytes come in parts, with fromByte and toByte.`,
    )
  const isText = textTypes.test(type)
  const max = isPicture ? imageBytesMax : isText ? textBytesMax : binaryBytesMax
  // Numbers that are none go to the method as they are, and are refused there.
  const isAsked = isCount(fromByte) && isCount(toByte ?? 0)
  const atLeast = isText && (toByte ?? total) > fromByte ? fromByte + textBytesMin : 0
  const end = isAsked ? Math.min(Math.max(toByte ?? total, atLeast), fromByte + max, total) : toByte
  const read = await storage.read({ ...input, fromByte, toByte: end })
  const part = { bytes: read.bytes, fromByte, totalBytes: read.totalBytes }
  if (isPicture) return image(part, read.type)
  const asText = textTypes.test(read.type) ? textOf(part) : undefined
  return asText === undefined ? blob(part, path, read.type) : said(asText, read.type)
}

async function bytesOf(storage: StorageSdk, path: string, version: number): Promise<number> {
  const found = (await storage.versions({ path })).find((one) => one.version === version)
  if (found !== undefined) return found.bytes
  throw new Fault('missing.version', 'There is no such version. See which there are with storage_versions.')
}

function image({ bytes }: Part, mimeType: string): Answer {
  return { content: [{ type: 'image', data: toBase64(bytes), mimeType }] }
}

function said({ text, part }: { text: string; part: Part }, type: string): Answer {
  return { content: [{ type: 'text', text }, ...rangeNote(part, type)] }
}

function blob(part: Part, path: string, mimeType: string): Answer {
  const uri = `anarq://drive${path.split('/').map(encodeURIComponent).join('/')}`
  const resource = { uri, mimeType, blob: toBase64(part.bytes) }
  return { content: [{ type: 'resource', resource }, ...rangeNote(part, mimeType)] }
}

/** Says what part it is, where it is one. */
function rangeNote({ bytes, fromByte, totalBytes }: Part, type: string): { type: 'text'; text: string }[] {
  const end = fromByte + bytes.length
  if (fromByte === 0 && end === totalBytes) return []
  const next = end < totalBytes ? ` The next part begins at fromByte ${end}.` : ''
  return [{ type: 'text', text: `[Bytes ${fromByte} to ${end} of ${totalBytes}, ${type}.${next}]` }]
}

/** Whole characters only: what the edges of a part cut through belongs to the part beside it. Undefined where it is no text. */
function textOf({ bytes, fromByte, totalBytes }: Part): { text: string; part: Part } | undefined {
  const start = fromByte === 0 ? 0 : Math.min(continuationsAt(bytes), bytes.length)
  const isLast = fromByte + bytes.length >= totalBytes
  const end = isLast ? bytes.length : bytes.length - unfinishedAt(bytes)
  const kept = bytes.subarray(start, Math.max(start, end))
  // A part of less than a character goes as bytes, so that each part gets further.
  if (kept.includes(0) || (kept.length === 0 && bytes.length > 0)) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(kept)
    return { text, part: { bytes: kept, fromByte: fromByte + start, totalBytes } }
  } catch {
    return undefined
  }
}

/** How many bytes at the beginning go on with a character that began before (RFC 3629). */
function continuationsAt(bytes: Uint8Array): number {
  let at = 0
  while (at < 3 && isContinuation(bytes[at])) at += 1
  return at
}

/** How many bytes at the end begin a character that does not end there. */
function unfinishedAt(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] as number
    if (isContinuation(byte)) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? back : 0
  }
  return 0
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
