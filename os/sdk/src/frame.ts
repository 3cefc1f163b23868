/**
 * The SDK for the page of an app in a closed frame: the same face, over messages to the shell around it. The node gives it
 * to frames at `/design/anarq.js`; nothing has to be packed with an app.
 */
import { type Call, createSdk, type Sdk } from './client.ts'
import { createFrameContent, type FrameContent } from './frame-content.ts'

export type FrameTheme = {
  readonly mode: 'light' | 'dark'
  readonly contrast: 'standard' | 'more'
  readonly motion: 'full' | 'reduced'
}

/** What the shell says of the window, and says again when it changes. */
export type FrameFacts = {
  readonly app: string
  readonly version: string
  readonly locale: string
  readonly theme: FrameTheme
  /** What the window was opened with. */
  readonly argument: string | undefined
}

export type FrameNotice = {
  readonly title: string
  readonly text?: string
  readonly tone?: 'plain' | 'success' | 'warning' | 'danger'
}

export type BackendAsked = {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Text or bytes as they are; anything else as JSON. */
  readonly body?: unknown
}

export type BackendAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
  text(): string
  json(): unknown
}

export type FrameSdk = Sdk & { readonly content: FrameContent }

export type Frame = {
  readonly sdk: FrameSdk
  /** Its own window, and nothing else of the desktop. */
  readonly window: {
    setTitle(title: string): Promise<void>
    close(): Promise<void>
    notify(notice: FrameNotice): Promise<void>
    /** Gives a file to the person, as the browser saves it; refused while they are elsewhere. */
    save(name: string, content: Blob): Promise<void>
  }
  facts(): FrameFacts
  /** Asks the app's own backend: `backend('/notes')`. Answers of every status are answers. */
  backend(path: string, asked?: BackendAsked): Promise<BackendAnswer>
  /** `facts` where the theme, the language or the argument changed, `drive` where files may have. Gives what stops it. */
  on(event: 'facts' | 'drive', listener: () => void): () => void
}

export type ConnectOptions = {
  readonly timeoutMs?: number
  /** Sets the theme and the language on the root element, as the design system's stylesheet wants them. On by default. */
  readonly themes?: boolean
}

/** The shell sends the port when the page has loaded: whoever listens later has missed it, so this begins with the script. */
const met: Promise<Met> = new Promise((resolve) => {
  globalThis.addEventListener('message', ({ source, data, ports }: MessageEvent) => {
    const [port] = ports
    if (source === globalThis.parent && data?.anarq === 1 && port !== undefined)
      resolve({ port, facts: data.facts as FrameFacts, keys: (data.keys ?? []) as readonly string[] })
  })
})
type Met = {
  readonly port: MessagePort
  readonly facts: FrameFacts
  /** Combinations that are the shell's. */
  readonly keys: readonly string[]
}

/** Meets the shell. Rejects where there is none: the page was opened by itself. */
export async function connect({ timeoutMs = 10_000, themes = true }: ConnectOptions = {}): Promise<Frame> {
  if (globalThis.parent === globalThis.self)
    throw failed('unavailable.shell', 'This page is an app. Open it in AnarQ.')
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(failed('unavailable.shell', 'The shell does not answer.')), timeoutMs)
  })
  const { port, facts: first, keys } = await Promise.race([met, late])
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>()
  const listeners = { facts: new Set<() => void>(), drive: new Set<() => void>() }
  let facts = first
  let asked = 0

  port.onmessage = ({ data }) => {
    if (data.event === 'facts') {
      facts = data.value as FrameFacts
      if (themes) dress(facts)
    }
    if (data.event === 'facts' || data.event === 'drive')
      for (const listener of listeners[data.event as 'facts' | 'drive']) listener()
    const one = waiting.get(data.id)
    if (one === undefined) return
    waiting.delete(data.id)
    if (data.fault === undefined) one.resolve(data.ok)
    else one.reject(failed(String(data.fault.code), String(data.fault.message)))
  }
  const call: Call = (method, params) =>
    new Promise((resolve, reject) => {
      asked += 1
      port.postMessage({ v: 1, id: asked, call: method, with: { ...params } })
      waiting.set(asked, { resolve, reject })
    })

  if (themes) dress(facts)
  handOn(keys, (combination) => void call('shell.press', { keys: combination }).catch(() => undefined))
  return {
    sdk: sdkOver(call),
    window: {
      setTitle: async (title) => void (await call('shell.title', { title })),
      close: async () => void (await call('shell.close', {})),
      notify: async (notice) => void (await call('shell.notify', notice)),
      save: async (name, content) => void (await call('shell.save', { name, content })),
    },
    facts: () => facts,
    async backend(path, { method = 'GET', headers = {}, body } = {}) {
      const answer = await call('backend.request', { path, method, ...contentOf(headers, body) })
      return answerOf(answer as Omit<BackendAnswer, 'text' | 'json'>)
    },
    on(event, listener) {
      listeners[event].add(listener)
      return () => listeners[event].delete(listener)
    },
  }
}

function sdkOver(call: Call): FrameSdk {
  const { identity, storage, index, consent, guardian, system, apps, browsers, tools, network } =
    createSdk(call)
  const content = createFrameContent(call)
  return { identity, storage, index, consent, guardian, system, apps, browsers, tools, network, content }
}

/** What is pressed in a frame is heard there alone. The combinations of the shell, and nothing else, are told to it. */
function handOn(keys: readonly string[], tell: (combination: string) => void): void {
  const listen = (event: KeyboardEvent): void => {
    const { ctrlKey, metaKey, altKey, shiftKey, code } = event
    const held = [ctrlKey && 'Ctrl', metaKey && 'Meta', altKey && 'Alt', shiftKey && 'Shift']
    const combination = [...held.filter((one) => one !== false), code].join('+')
    if (!keys.includes(combination)) return
    event.preventDefault()
    event.stopPropagation()
    tell(combination)
  }
  globalThis.addEventListener('keydown', listen, { capture: true })
}

function contentOf(headers: BackendAsked['headers'], body: unknown): object {
  if (body === undefined) return { headers }
  if (typeof body === 'string') return { headers, body: new TextEncoder().encode(body) }
  if (body instanceof Uint8Array) return { headers, body }
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextEncoder().encode(JSON.stringify(body)),
  }
}

function answerOf(answer: Omit<BackendAnswer, 'text' | 'json'>): BackendAnswer {
  const text = (): string => new TextDecoder().decode(answer.bytes)
  return { ...answer, text, json: () => JSON.parse(text()) as unknown }
}

function dress({ locale, theme }: FrameFacts): void {
  const root = document.documentElement
  root.lang = locale
  root.dataset.theme = theme.mode
  root.dataset.contrast = theme.contrast
  root.dataset.motion = theme.motion
}

function failed(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
