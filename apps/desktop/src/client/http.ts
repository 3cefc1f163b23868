import { createAppSdk } from '@anarq/sdk/app'
import {
  createPageClient,
  createPageKey,
  createSdk,
  type PageClient,
  type PageSession,
  restoreBackup,
} from '@anarq/sdk/browser'
import { backendAddress } from '../bridge/backend-path.ts'
import type { BackendAnswer, BackendAsked } from '../bridge/frame-calls.ts'
import { type Client, shellApp, type Topic } from './port.ts'
import { sendBlob } from './send-blob.ts'

const renewBeforeMs = 10 * 60_000
const retryMs = [1_000, 2_000, 5_000, 10_000] as const
/** What an app gets to know of an answer of its backend. */
const headersHandedBack = ['content-type', 'etag', 'last-modified', 'location', 'retry-after']
const topics: readonly unknown[] = [
  'drive',
  'identity',
  'consent',
  'guardian',
  'lock',
  'apps',
  'browsers',
  'system',
  'tools',
  'flows',
  'network',
] satisfies Topic[]

/**
 * The node that this page came from. The key of the session is made anew for each page and cannot be read out; it and the
 * certificate are in memory alone, so that a page that is closed leaves nothing behind.
 */
export async function createHttpClient(origin: string, browser: string): Promise<Client> {
  const key = await createPageKey()
  let current: PageSession | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const listeners = new Set<() => void>()
  const page = createPageClient({
    key,
    session: () => current,
    origin,
    sendBlob,
    onSessionRefused: () => void look().catch(() => undefined),
  })
  let looking: Promise<void> | undefined

  const take = (session: PageSession | undefined): void => {
    current = session
    clearTimeout(timer)
    if (session !== undefined) {
      timer = setTimeout(
        () => void renew().catch(() => take(undefined)),
        Math.max(30_000, session.expiresMs - Date.now() - renewBeforeMs),
      )
    }
    for (const listener of listeners) listener()
  }
  const renew = async (): Promise<void> =>
    take(await page.json<PageSession>('/api/v1/sessions/renew', { method: 'POST' }))
  const keyed = <T extends object>(input: T) => ({ json: { ...input, key: key.publicKey, browser } })

  return {
    browserName: browser,
    status: () => page.open('/api/v1/status'),
    async begin(input) {
      const made = await page.open<{ words: string; session: PageSession }>(
        '/api/v1/sessions/first',
        keyed(input),
      )
      take(made.session)
      return { words: made.words.split(' ') }
    },
    async recover(input) {
      const made = await page.open<{ identities: number; session: PageSession }>(
        '/api/v1/sessions/recover',
        keyed(input),
      )
      take(made.session)
      return { identities: made.identities }
    },
    restore: (input) => restoreBackup(page, input),
    async enrol(json) {
      await page.open('/api/v1/sessions/enrol', { json })
    },
    enrolment: (json) => page.open('/api/v1/sessions/enrolment', { json }),
    async join(input) {
      take(await page.open<PageSession>('/api/v1/sessions/join', keyed(input)))
    },
    async unlock(input) {
      take(await page.open<PageSession>('/api/v1/sessions', keyed(input)))
    },
    ...gettingIn(page, keyed, take),
    async lock() {
      await page.json('/api/v1/lock', { method: 'POST' })
      take(undefined)
    },
    async use(did) {
      await createSdk(page.callAs(shellApp)).identity.use({ ref: did })
      await renew()
    },
    session: () => current,
    onSession(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    sdkFor: (app) => createAppSdk(page, app),
    callFor: (app) => page.callAs(app),
    askBackend: (app, asked, signal) =>
      askBackend(page, backendAddress(app, asked.path, origin), asked, signal),
    watch: watching(page, look),
  }

  /** Somebody elsewhere may have locked the node, ended this session, or put another identity in use. */
  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => (looking = undefined))
    return looking
  }

  async function lookOnce(): Promise<void> {
    const { state } = await page.open<{ state: string }>('/api/v1/status')
    if (state !== 'open') return take(undefined)
    if (current !== undefined) await renew().catch(() => take(undefined))
  }
}

const ofSession: readonly Topic[] = ['lock', 'identity', 'browsers']

/** What changes at the node, and whether it answers; `look` sees whether this page is still in. */
function watching(page: PageClient, look: () => Promise<void>): Client['watch'] {
  return ({ changed, reachable }) => {
    const stop = new AbortController()
    void follow(
      stop.signal,
      async () => {
        const answer = await page.send('/api/v1/events', { signal: stop.signal })
        reachable(true)
        for await (const topic of topicsOf(answer)) {
          changed(topic)
          if (ofSession.includes(topic)) await look()
        }
      },
      async () => {
        reachable(false)
        await look().catch(() => undefined)
      },
    )
    return () => stop.abort()
  }
}

type Keyed = <T extends object>(input: T) => { readonly json: T & { key: string; browser: string } }

/** The ways in beside the passphrase, and what is kept of them. */
function gettingIn(
  page: PageClient,
  keyed: Keyed,
  take: (session: PageSession) => void,
): Pick<
  Client,
  | 'passkeySlots'
  | 'unlockByWords'
  | 'unlockByPasskey'
  | 'passkeys'
  | 'addPasskey'
  | 'removePasskey'
  | 'ask'
  | 'answerOf'
  | 'showWords'
  | 'confirmWords'
> {
  const account = '/api/v1/account'
  return {
    passkeySlots: () => page.open('/api/v1/sessions/passkeys'),
    async unlockByWords(input) {
      take(await page.open<PageSession>('/api/v1/sessions/words', keyed(input)))
    },
    async unlockByPasskey(proof) {
      take(await page.open<PageSession>('/api/v1/sessions/passkey', keyed(proof)))
    },
    passkeys: () => page.json(`${account}/passkeys`),
    addPasskey: (json) => page.json(`${account}/passkeys`, { json }),
    removePasskey: (credential) => page.json(`${account}/passkeys/${credential}`, { method: 'DELETE' }),
    ask: () => page.open('/api/v1/sessions/asks', keyed({})),
    async answerOf(id) {
      const path = `/api/v1/sessions/asks/${encodeURIComponent(id)}`
      const answer = await page.open<Answer>(path)
      if (answer.state === 'approved') take(answer.session)
      return answer.state
    },
    async showWords(json) {
      const { words } = await page.json<{ words: string }>(`${account}/words`, { json })
      return { words: words.split(' ') }
    },
    confirmWords: () => page.json(`${account}/words/confirmed`, { method: 'POST' }),
  }
}

type Answer =
  | { readonly state: 'waiting' | 'refused' }
  | { readonly state: 'approved'; readonly session: PageSession }

async function askBackend(
  page: PageClient,
  address: string,
  { method, headers, body }: BackendAsked,
  signal: AbortSignal | undefined,
): Promise<BackendAnswer> {
  const content = body === undefined ? {} : { bytes: body }
  const answer = await page.send(address, { method, headers, signal, takesAll: true, ...content })
  const told = headersHandedBack.flatMap((name) => {
    const value = answer.headers.get(name)
    return value === null ? [] : [[name, value] as const]
  })
  return {
    status: answer.status,
    headers: Object.fromEntries(told),
    bytes: new Uint8Array(await answer.arrayBuffer()),
  }
}

/** Goes on after each end, later and later while it fails. */
async function follow(
  signal: AbortSignal,
  once: () => Promise<void>,
  failed: () => Promise<void>,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const startedMs = Date.now()
    await once().catch(() => undefined)
    if (signal.aborted) return
    await failed()
    if (Date.now() - startedMs > 30_000) attempt = 0
    await new Promise((resolve) => setTimeout(resolve, retryMs[Math.min(attempt, retryMs.length - 1)]))
  }
}

async function* topicsOf(answer: Response): AsyncIterable<Topic> {
  if (answer.body === null) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = (rest + piece.value).split('\n')
    rest = (lines.pop() ?? '').slice(0, 10_000)
    for (const line of lines) {
      const topic = line === '' ? undefined : topicIn(line)
      if (topic !== undefined) yield topic
    }
  }
}

function topicIn(line: string): Topic | undefined {
  try {
    const { topic } = JSON.parse(line) as { topic?: unknown }
    return topics.includes(topic) ? (topic as Topic) : undefined
  } catch {
    return undefined
  }
}
