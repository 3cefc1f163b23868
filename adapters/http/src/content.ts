import { Readable } from 'node:stream'
import type { ByteRange } from '@anarq/bytes'
import type { Content } from '@anarq/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type ContentFacts,
  dispositionOf,
  encodeHeader,
  entryHeader,
  faultTrailer,
  mediaTypeOf,
  trailersHeader,
} from './content-headers.ts'
import type { DoorContext } from './context.ts'

export type SendOptions = {
  request: FastifyRequest
  reply: FastifyReply
  problem: DoorContext['problem']
  /** Of the content, where not all of it is sent. */
  range?: ByteRange | undefined
  /** 206 and Content-Range, for a client that asked by Range. */
  isPartial?: boolean
  cacheControl?: string | undefined
}

/** The last moment that a date can be (ECMA-262, section 21.4.1.1). */
const dateMsMax = 8.64e15

/** Headers of a content, without its length. */
export function describeContent(
  reply: FastifyReply,
  { entry, bytes, type, etag }: ContentFacts,
  cacheControl = 'private, no-cache',
): FastifyReply {
  return reply.type(mediaTypeOf(type)).headers({
    etag,
    'accept-ranges': 'bytes',
    'cache-control': cacheControl,
    'last-modified': new Date(Math.min(Math.max(0, entry.modifiedMs), dateMsMax)).toUTCString(),
    'content-disposition': dispositionOf(entry.name),
    'content-security-policy': "sandbox; default-src 'none'",
    [entryHeader]: encodeHeader({ entry, bytes, type, etag } satisfies ContentFacts),
  })
}

/**
 * Streams a content. Nothing is answered before its first piece is there, so what is refused or damaged at once is a
 * plain problem; what breaks off later cuts the connection, or ends in a trailer for clients that read those.
 */
export async function sendContent(
  content: Content,
  { request, reply, problem, range, isPartial = false, cacheControl }: SendOptions,
): Promise<FastifyReply> {
  const { from, to } = range ?? { from: 0, to: content.bytes }
  const pieces = await begun(content.stream)
  describeContent(reply, content, cacheControl)
  if (isPartial) reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${content.bytes}`)
  return sendPieces(pieces, { request, reply, problem, bytes: to - from })
}

export type PiecesOptions = Pick<SendOptions, 'request' | 'reply' | 'problem'> & {
  /** Their length, where it is known. */
  bytes?: number
}

export function sendPieces(
  pieces: AsyncIterable<Uint8Array>,
  { request, reply, problem, bytes }: PiecesOptions,
): FastifyReply {
  if (request.headers[trailersHeader] !== '?1') {
    if (bytes !== undefined) reply.header('content-length', bytes)
    return reply.send(toStream(pieces))
  }
  let said = ''
  reply.trailer(faultTrailer, async () => said)
  const told = telling(pieces, (error) => {
    said = encodeHeader(problem(error))
  })
  return reply.send(toStream(told))
}

/**
 * The same things, once the first of them is there: what fails before is thrown here. Closing it closes its source,
 * also where nothing was asked of it: a generator that never ran could not.
 */
export async function begun<T>(things: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = things[Symbol.asyncIterator]()
  let first: IteratorResult<T> | undefined = await iterator.next()
  return closing(iterator, async () => {
    const next = first ?? (await iterator.next())
    first = undefined
    return next
  })
}

function telling(
  pieces: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncIterable<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  return closing(iterator, async () => {
    try {
      return await iterator.next()
    } catch (error) {
      onError(error)
      return { done: true, value: undefined }
    }
  })
}

function closing<T>(source: AsyncIterator<T>, next: () => Promise<IteratorResult<T>>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => ({
      next,
      async return() {
        await source.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}

function toStream(pieces: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(pieces, { objectMode: false, highWaterMark: 1024 * 1024 })
}

/** Takes what is left of a stream and drops it, so that whoever opened it closes its books. */
export async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]()
  while ((await iterator.next()).done !== true);
}
