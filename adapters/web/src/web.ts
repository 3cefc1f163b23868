import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import type { Web, WebAsked } from '@anarq/apps'
import { Fault } from '@anarq/fault'
import { createExitPolicy } from '@anarq/qnet/exit'

export type WebOptions = {
  /** Every address that a name has; by default as this machine resolves it. */
  resolve?: (name: string) => Promise<readonly string[]>
  /** Certificates of authorities, in PEM, instead of the ones that Node trusts. */
  ca?: string
}

const publicAlone = createExitPolicy()
const addressCharactersMax = 2000
const headerBytesMax = 16 * 1024
const agent = 'AnarQ'

export function createWeb({ resolve = addressesOf, ca }: WebOptions = {}): Web {
  return {
    async get(address, asked) {
      const url = readUrl(address)
      const end = AbortSignal.timeout(asked.timeoutMs)
      const signal = asked.signal === undefined ? end : AbortSignal.any([asked.signal, end])
      try {
        const to = await orAborted(whereTo(url, asked, resolve), signal)
        const answer = await ask(url, { to, ca, signal })
        return await wholeOf(url, answer, asked)
      } catch (error) {
        if (error instanceof Fault) throw error
        if (asked.signal?.aborted === true) throw asked.signal.reason
        throw end.aborted ? tooSlow(url, asked) : away(url, error)
      }
    },
  }
}

async function addressesOf(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}

function readUrl(address: string): URL {
  const url = address.length <= addressCharactersMax ? URL.parse(address) : null
  const isFine = url !== null && url.protocol === 'https:' && url.username === '' && url.password === ''
  if (isFine) return url
  throw new Fault(
    'invalid.web-address',
    'What is fetched lies at an address that begins with https:// and has no name or password in it.',
  )
}

/** The address to connect to, looked at before anything goes there. */
async function whereTo(
  { hostname, port }: URL,
  { allowsPrivate = false }: WebAsked,
  resolve: (name: string) => Promise<readonly string[]>,
): Promise<string> {
  const host = hostname.replace(/^\[(.*)\]$/s, '$1')
  if (!allowsPrivate && publicAlone.judgeHost(hostname, port === '' ? 443 : Number(port)) === undefined)
    throw notPublic(host)
  const found = isIP(host) === 0 ? await resolve(host) : [host]
  const [first] = found
  // One that is not public among others is how a name of the outside leads inside.
  const isOpen = allowsPrivate || found.every((one) => publicAlone.judgeAddress(one) !== undefined)
  if (first === undefined || !isOpen) throw notPublic(host)
  return first
}

function ask(
  url: URL,
  { to, ca, signal }: { to: string; ca: string | undefined; signal: AbortSignal },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asking = request(url, {
      method: 'GET',
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': agent },
      agent: false,
      maxHeaderSize: headerBytesMax,
      signal,
      // The one that was looked at, whatever the resolver says by now.
      lookup(_name, options, done) {
        const family = isIP(to)
        if (options.all === true) done(null, [{ address: to, family }])
        else done(null, to, family)
      },
      ...(ca === undefined ? {} : { ca }),
    })
    asking.once('response', resolve)
    asking.once('error', reject)
    asking.end()
  })
}

async function wholeOf(url: URL, answer: IncomingMessage, { bytesMax }: WebAsked): Promise<Uint8Array> {
  try {
    const { statusCode: status = 0, headers } = answer
    if (status >= 300 && status < 400) throw redirected(url)
    if (status !== 200) throw away(url, `it answered with ${status}`)
    if (headers['content-encoding'] !== undefined) throw away(url, 'it answered in an encoding')
    if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(url, bytesMax)
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of answer as AsyncIterable<Uint8Array>) {
      bytes += piece.length
      if (bytes > bytesMax) throw tooLarge(url, bytesMax)
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  } finally {
    answer.destroy()
  }
}

/** A resolver knows of no signal. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

function notPublic(host: string): Fault {
  return new Fault(
    'refused.private-address',
    `${host} is a machine of a private network. Fetch from there only if you know it, and say so.`,
  )
}

function redirected({ host }: URL): Fault {
  return new Fault(
    'refused.redirect',
    `${host} sends whoever asks to another address. Ask the publisher for the address where it lies.`,
  )
}

function tooLarge({ host }: URL, bytesMax: number): Fault {
  return new Fault('limit.download', `${host} gives more than the ${bytesMax} bytes that this may have.`)
}

function tooSlow({ host }: URL, { timeoutMs }: WebAsked): Fault {
  return new Fault(
    'unavailable.web',
    `${host} did not give it within ${Math.max(1, Math.round(timeoutMs / 1000))} s. Try again later.`,
  )
}

function away({ host }: URL, cause: unknown): Fault {
  const why = typeof cause === 'string' ? cause : cause instanceof Error ? cause.message : String(cause)
  return new Fault('unavailable.web', `${host} does not give it: ${why.slice(0, 200)}. Try again later.`, {
    cause,
  })
}
