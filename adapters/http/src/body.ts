import { createHash } from 'node:crypto'
import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { isContentOf } from '@anarq/squid'
import type { FastifyRequest } from 'fastify'

/** Whether a body comes with a request (RFC 9112, section 6). */
export function hasBody(headers: FastifyRequest['headers']): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  return coding !== undefined || (length !== undefined && length !== '0')
}

/**
 * The body of a request, piece by piece. Where it was bound by digests they are compared at its end, and one that
 * differs throws `refused.digest` there: whoever makes anything of it waits for that end.
 */
export async function* readBody({
  raw,
  digests,
}: FastifyRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const hashes = digests.map(({ algorithm, digest }) => ({
    digest,
    hash: createHash(algorithm.replace('-', '')),
  }))
  // Leaving early must not close the connection: the answer goes out on it.
  for await (const piece of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    for (const { hash } of hashes) hash.update(piece)
    yield piece
  }
  for (const { hash, digest } of hashes) if (!equalBytes(hash.digest(), digest)) throw wrongDigest()
}

/**
 * The whole body, compared with its digests before anything is made of it. `limit.body` where it is larger. Where its length was
 * announced it is read into one piece of memory: kept pieces of the socket cost the collector ten times as much.
 */
export async function readWholeBody(
  request: FastifyRequest,
  bytesMax: number,
  tooLarge: string,
): Promise<Uint8Array> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw new Fault('limit.body', tooLarge)
  const whole = announced > 0 ? new Uint8Array(announced) : undefined
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of readBody(request)) {
    if (bytes + piece.length > bytesMax) throw new Fault('limit.body', tooLarge)
    if (whole === undefined) pieces.push(piece)
    else whole.set(piece, bytes)
    bytes += piece.length
  }
  return whole?.subarray(0, bytes) ?? Buffer.concat(pieces)
}

/** For a body that came in whole. */
export function checkDigests({ digests }: FastifyRequest, body: Uint8Array): void {
  if (!isContentOf(digests, body)) throw wrongDigest()
}

function wrongDigest(): Fault {
  return new Fault(
    'refused.digest',
    'The body of this request is not the one that its digest names. Nothing was done; send it again.',
  )
}
