import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { EntryDetails } from '@anarq/kernel'
import { bodyOf, type Call, find, globalPath, headerOf, need, needParent } from '../call.ts'
import { checkConditions, checkIf, checkLocks, isRangeWanted, rangeOf } from '../conditions.ts'
import { nameOf } from '../paths.ts'
import { httpTime } from '../properties.ts'
import { refusal } from '../refusal.ts'

const bufferBytes = 1024 * 1024

/** GET and HEAD, with ranges and preconditions as HTTP has them (RFC 9110). */
export async function get(call: Call): Promise<void> {
  const { request, answer, drive, path, signal } = call
  const there = await need(call)
  const isHead = request.method === 'HEAD'
  if (there.kind === 'folder') {
    answer.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
    answer.end(isHead ? undefined : 'This is a folder. Open it with a WebDAV client.\n')
    return
  }
  await checkIf(call)
  const isKnown = checkConditions(request, there)
  for (const [name, value] of Object.entries(headersOf(there))) answer.setHeader(name, value)
  if (isKnown) {
    answer.removeHeader('content-type')
    answer.writeHead(304).end()
    return
  }
  if (isHead) {
    answer.writeHead(200, { 'content-length': there.bytes }).end()
    return
  }
  const range = isRangeWanted(request, there) ? rangeOf(request, there.bytes) : undefined
  const content = await drive.get(path, {
    signal,
    ...(range === undefined ? {} : { fromByte: range.from, toByte: range.to }),
  })
  const pieces = content.stream[Symbol.asyncIterator]()
  try {
    if (content.etag !== there.etag)
      throw refusal(412, 'conflict.changed', `${path} was changed at this moment. Ask again.`)
    // What is damaged from the start is an answer of its own; what breaks off later cuts the connection.
    const first = await pieces.next()
    const { from, to } = range ?? { from: 0, to: there.bytes }
    if (range !== undefined) answer.setHeader('content-range', `bytes ${from}-${to - 1}/${there.bytes}`)
    answer.writeHead(range === undefined ? 200 : 206, { 'content-length': to - from })
    await pipeline(
      Readable.from(piecesFrom(first, pieces), { objectMode: false, highWaterMark: bufferBytes }),
      answer,
    )
  } finally {
    await pieces.return?.()
  }
}

/** PUT: the body is the content, of any length; it appears when all of it has come, or not at all. */
export async function put(call: Call): Promise<void> {
  const { request, answer, drive, door, path, signal, isFolderName } = call
  if (request.headers['content-range'] !== undefined)
    throw refusal(400, 'invalid.header', 'A part of a file cannot be put: send all of it.')
  if (isFolderName) throw refusal(409, 'conflict.name', 'This is the name of a folder. Name a file.')
  const modifiedMs = mtimeOf(call) ?? door.clock.nowMs()
  const isNew = await door.turns.take([globalPath(call, path)], async () => {
    const there = await find(drive, path)
    if (there?.kind === 'folder')
      throw refusal(405, 'conflict.folder', `${path} is a folder: a file cannot take its place.`, {
        headers: { allow: folderMethods },
      })
    await needParent(call, path)
    checkConditions(request, there)
    const tokens = await checkIf(call)
    checkLocks(call, { path, isDeep: false, isMembership: there === undefined }, tokens)
    const type = headerOf(request, 'content-type')
    await drive.put(
      path,
      {
        bytes: lengthOf(call),
        modifiedMs,
        ...(type === undefined || untold.test(type) ? {} : { type }),
        content: bodyOf(call),
      },
      { signal },
    )
    return there === undefined
  })
  const now = await find(drive, path)
  if (now?.etag !== undefined) answer.setHeader('etag', now.etag)
  if (headerOf(request, 'x-oc-mtime') !== undefined) answer.setHeader('x-oc-mtime', 'accepted')
  answer.writeHead(isNew ? 201 : 204).end()
}

export const folderMethods = 'OPTIONS, GET, HEAD, PROPFIND, PROPPATCH, DELETE, COPY, MOVE, LOCK, UNLOCK'

/** Types by which clients say that they do not know. */
const untold = /^(?:application\/(?:octet-stream|x-www-form-urlencoded|x-unknown)|)(?:;|$)/i

function headersOf({ path, type, etag, modifiedMs }: EntryDetails): Record<string, string> {
  return {
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-type': mediaType.test(type) ? type : 'application/octet-stream',
    // Nothing of a drive is ever shown as a page of this node's.
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(nameOf(path)).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`,
    'last-modified': httpTime(modifiedMs),
    ...(etag === undefined ? {} : { etag }),
  }
}

const mediaType =
  /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}(?:; ?[a-z0-9-]{1,32}=[a-z0-9._-]{1,64})*$/i

async function* piecesFrom(
  first: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value
}

/** When the file was changed, as rclone and others say it: seconds since 1970. */
function mtimeOf({ request }: Call): number | undefined {
  const text = headerOf(request, 'x-oc-mtime')
  if (text === undefined) return undefined
  if (/^\d{1,12}(?:\.\d{1,9})?$/.test(text)) return Math.round(Number(text) * 1000)
  throw refusal(400, 'invalid.header', 'X-OC-Mtime is a time in seconds since 1970.')
}

function lengthOf({ request }: Call): number | undefined {
  const length = headerOf(request, 'content-length')
  return length === undefined ? undefined : Number(length)
}
