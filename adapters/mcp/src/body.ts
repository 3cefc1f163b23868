import type { IncomingMessage } from 'node:http'
import type { Turned } from './gate.ts'

const batchMax = 16

/** The JSON of a request, or why it is not read. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly json: unknown } | Turned> {
  const tooLarge: Turned = {
    status: 413,
    sentence: `A request has at most ${bytesMax} bytes. Send less at a time.`,
  }
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return tooLarge
  const pieces: Buffer[] = []
  let bytes = 0
  // The answer still goes out by the connection that the rest of a long body comes by.
  const incoming: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const piece of incoming) {
    bytes += piece.length
    if (bytes > bytesMax) return tooLarge
    pieces.push(piece)
  }
  const json = parsed(Buffer.concat(pieces))
  if (json === undefined)
    return { status: 400, code: -32700, sentence: 'The body of this request is no JSON.' }
  if (Array.isArray(json) && json.length > batchMax)
    return { status: 400, code: -32600, sentence: `At most ${batchMax} messages come in one request.` }
  return { json }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}
