import type { ClientRequest, IncomingMessage } from 'node:http'
import { asFault, Fault } from '@anarq/fault'
import { decodeHeader, faultTrailer, trailersHeader } from '../content-headers.ts'
import { faultOfProblem } from '../problem.ts'

/** Not imported: that reads every export of the module, among them some that load a second HTTP client and take 30 ms. */
const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')

export type Method = 'GET' | 'POST' | 'DELETE'

export type Ask = {
  /** Sent as JSON. */
  readonly body?: object
  /** Sent as it comes. Each piece may be overwritten once the next but one was asked for. */
  readonly pieces?: AsyncIterable<Uint8Array>
  /** Media type of the pieces. */
  readonly type?: string
  readonly signal?: AbortSignal | undefined
}

/** An answer whose headers are there. */
export type Answer = {
  header(name: string): string | undefined
  /** Its body, once. It throws the fault that the node says it broke off with, or what went wrong on the way. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** Closes the connection where not everything was sent yet: the outcome is known. */
  stop(): void
}

/** Requests to one node over its socket. Every failure is a `Fault`: the node's own, or `unavailable.node`. */
export type Wire = {
  /** The answer, parsed; the node is this user's own, its answers are taken at their word. */
  json<T>(method: Method, path: string, ask?: Ask): Promise<T>
  open(method: Method, path: string, ask?: Ask): Promise<Answer>
  close(): void
}

const headerBytesMax = 256 * 1024
const answerBytesMax = 512 * 1024 * 1024

/** For an answer that is on its way when whoever asked is told to stop. */
const graceMs = 1000

/** What is under way when the signal comes ends a moment later; what is asked after it, to tidy up, does not end with it. */
export function createWire(socketPath: string, { signal: ending }: Pick<Ask, 'signal'> = {}): Wire {
  const agent = new Agent({ keepAlive: true })
  const over = new AbortController()
  ending?.addEventListener('abort', () => setTimeout(() => over.abort(ending.reason), graceMs).unref(), {
    once: true,
  })

  const open: Wire['open'] = async (method, path, ask = {}) => {
    const { body, pieces } = ask
    ask.signal?.throwIfAborted()
    const signals = [ask.signal, ending?.aborted === false ? over.signal : undefined]
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined))
    const text = body === undefined ? undefined : JSON.stringify(body)
    const request = httpRequest({
      agent,
      socketPath,
      method,
      path,
      maxHeaderSize: headerBytesMax,
      headers: { host: 'localhost', [trailersHeader]: '?1', ...bodyHeaders(text, ask) },
      signal,
    })
    const blame = createBlame(signal)
    const answering = answerOf(request)
    if (pieces === undefined) request.end(text)
    else void send(request, blame.watch(pieces)).catch((error: unknown) => request.destroy(error as Error))
    try {
      const message = await answering
      const answer: Answer = {
        header: (name) => message.headers[name]?.toString(),
        pieces: piecesOf(message, blame),
        stop: () => void (request.writableEnded || request.destroy()),
      }
      if ((message.statusCode ?? 500) < 400) return answer
      const problem = faultOfProblem(JSON.parse(await textOf(answer)))
      answer.stop()
      throw problem
    } catch (error) {
      throw blame.faultOf(error)
    }
  }

  return {
    open,
    async json<T>(method: Method, path: string, ask?: Ask): Promise<T> {
      const text = await textOf(await open(method, path, ask))
      return (text === '' ? undefined : JSON.parse(text)) as T
    },
    close: () => agent.destroy(),
  }
}

function bodyHeaders(text: string | undefined, { pieces, type }: Ask): Record<string, string | number> {
  if (text !== undefined)
    return { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  return pieces === undefined
    ? {}
    : { 'content-type': type ?? 'application/octet-stream', 'transfer-encoding': 'chunked' }
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', reject)
  })
}

/** Two pieces are on their way at most: the source fills one while the other goes out. */
async function send(request: ClientRequest, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let before: Promise<void> = Promise.resolve()
  for await (const piece of pieces) {
    const sent = written(request, piece)
    await before
    before = sent
  }
  await before
  request.end()
}

function written(request: ClientRequest, piece: Uint8Array): Promise<void> {
  const sent = new Promise<void>((resolve, reject) => {
    request.write(piece, (error) => (error == null ? resolve() : reject(error)))
  })
  // It is awaited one piece later; until then a rejection has its handler here.
  sent.catch(() => {})
  return sent
}

async function* piecesOf(message: IncomingMessage, blame: Blame): AsyncIterable<Uint8Array> {
  try {
    yield* message as AsyncIterable<Uint8Array>
  } catch (error) {
    throw blame.faultOf(error)
  }
  const said = message.trailers[faultTrailer]
  if (said !== undefined && said !== '') throw faultOfProblem(decodeHeader(said))
}

async function textOf({ pieces }: Answer): Promise<string> {
  const all: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > answerBytesMax)
      throw new Fault('limit.answer', 'The answer of the running node is too large.')
    all.push(piece)
  }
  return Buffer.concat(all).toString('utf8')
}

/** Tells why an exchange failed: all that the connection knows is that it was closed. */
type Blame = {
  /** The same pieces; where their source fails, that is why. */
  watch(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
  faultOf(error: unknown): unknown
}

function createBlame(signal: AbortSignal): Blame {
  let source: { error: unknown } | undefined
  return {
    async *watch(pieces) {
      try {
        yield* pieces
      } catch (error) {
        source = { error }
        throw error
      }
    },
    faultOf(error) {
      if (source !== undefined) return asFault(source.error)
      if (error instanceof Fault) return error
      if (signal.aborted) return signal.reason
      return new Fault(
        'unavailable.node',
        'The running node broke off the connection. See whether it still runs, and try again.',
        { cause: error },
      )
    },
  }
}
