/**
 * What runs inside the sandbox in front of an app's modules. It makes life easy in there and protects nothing: an app can
 * turn all of it inside out, and `protocol.ts` and `session.ts` believe no word of it.
 *
 * These functions travel as text (`bridgeText`): they use the language, each other, and nothing else of this file.
 */
import { bytesKey, reservedKeys } from './codec.ts'
import { runtimeLimits } from './limits.ts'

type Post = (kind: string, id: number, value: unknown) => void
type Call = (method: string, params?: unknown) => Promise<unknown>
type Settings = {
  readonly bytesKey: string
  readonly reservedKeys: readonly string[]
  readonly logLineBytesMax: number
  readonly probes: readonly string[]
}
type Handler = (value: unknown, anarq: unknown) => unknown
type App = { readonly request?: Handler; readonly event?: Handler }
type Scope = Record<string, unknown>
export type Send = (text: string, buffer?: ArrayBuffer) => void
export type Receive = (text: string, buffer?: ArrayBuffer) => void
export type Bridge = (send: Send, load: () => Promise<{ default?: unknown }>, scope: object) => Receive

/** Names of what other places give to code. Whoever looks for them in here is on record; nobody is punished for looking. */
const probes: readonly string[] = [
  'process',
  'require',
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'WebAssembly',
  'SharedArrayBuffer',
  'Atomics',
  'Worker',
  'importScripts',
  'Deno',
  'Bun',
  'document',
  'indexedDB',
  'localStorage',
]

/** The `bridge` of `IsolateOptions`: the functions below as they stand here, without their types. */
export function bridgeText(logLineBytesMax: number = runtimeLimits.logLineBytesMax): string {
  const settings: Settings = { bytesKey, reservedKeys, logLineBytesMax, probes }
  const parts = [
    createPost,
    unpackMessage,
    describe,
    createCalls,
    createAnarq,
    furnish,
    decodeUtf8,
    encodeUtf8,
  ]
  return `((send, load, scope) => {\n${[...parts, readable, startBridge].map(String).join('\n')}\nreturn startBridge(send, load, scope, ${JSON.stringify(settings)})\n})`
}

function startBridge(
  send: Send,
  load: () => Promise<{ default?: unknown }>,
  scope: Scope,
  settings: Settings,
): Receive {
  const post = createPost(send, settings)
  const { call, settle } = createCalls(post)
  const anarq = createAnarq(call, post, settings)
  furnish(scope, anarq, post, settings)
  let app: App = {}

  const handle = async (kind: 'request' | 'event', id: number, value: unknown): Promise<void> => {
    try {
      const handler = app[kind]
      if (typeof handler !== 'function') throw new TypeError(`The backend has no ${kind} handler.`)
      const result = await handler.call(app, kind === 'request' ? readable(value) : value, anarq)
      post('done', id, kind === 'event' ? null : result)
    } catch (error) {
      post('failed', id, describe(error))
    }
  }
  const start = async (): Promise<void> => {
    try {
      const { default: found } = await load()
      if (typeof found !== 'object' || found === null)
        throw new TypeError('The entry module has no default export with request or event.')
      app = found as App
      post('ready', 0, {
        request: typeof app.request === 'function',
        event: typeof app.event === 'function',
      })
    } catch (error) {
      post('broken', 0, describe(error))
    }
  }
  start()
  return (text, buffer) => {
    const [kind, id, value] = unpackMessage(text, buffer, settings)
    if (kind === 'request' || kind === 'event') handle(kind, id, value)
    else settle(kind, id, value)
  }
}

function createPost(send: Send, { bytesKey, reservedKeys }: Settings): Post {
  return (kind, id, value) => {
    const parts: Uint8Array[] = []
    let length = 0
    let stand: unknown
    const text = JSON.stringify([kind, id, value ?? null], function (this: unknown, key, item: unknown) {
      if (this !== stand && reservedKeys.includes(key))
        throw new TypeError(`The key "${key}" is reserved. Use another name.`)
      if (typeof item === 'number' && !Number.isFinite(item))
        throw new TypeError('A number that is not finite cannot be passed on.')
      if (item instanceof ArrayBuffer) item = new Uint8Array(item)
      if (!(item instanceof Uint8Array)) return item
      parts.push(item)
      length += item.length
      stand = { [bytesKey]: item.length }
      return stand
    })
    if (length === 0) return send(text)
    const bytes = new Uint8Array(length)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    send(text, bytes.buffer)
  }
}

function unpackMessage(
  text: string,
  buffer: ArrayBuffer | undefined,
  { bytesKey }: Settings,
): [kind: string, id: number, value: unknown] {
  if (!text.includes(`{"${bytesKey}":`)) return JSON.parse(text)
  let at = 0
  return JSON.parse(text, (_, item) => {
    const isStand = typeof item === 'object' && item !== null && typeof item[bytesKey] === 'number'
    if (!isStand) return item
    at += item[bytesKey]
    return buffer === undefined ? new Uint8Array(0) : new Uint8Array(buffer.slice(at - item[bytesKey], at))
  })
}

function describe(error: unknown): { name: string; message: string } {
  try {
    if (typeof error !== 'object' || error === null)
      return { name: 'Error', message: String(error).slice(0, 1000) }
    const { name, message, stack } = error as { name: unknown; message: unknown; stack: unknown }
    const where = typeof stack === 'string' ? `\n${stack}` : ''
    return {
      name: String(name).slice(0, 100),
      message: `${String(message).slice(0, 1000)}${where}`.slice(0, 2000),
    }
  } catch {
    return { name: 'Error', message: 'What was thrown cannot be read.' }
  }
}

function createCalls(post: Post): { call: Call; settle(kind: string, id: number, value: unknown): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let lastId = 0
  return {
    call(method, params) {
      return new Promise((resolve, reject) => {
        lastId += 1
        const id = lastId
        waiting.set(id, { resolve, reject })
        try {
          post('call', id, [method, params ?? null])
        } catch (error) {
          waiting.delete(id)
          reject(error)
        }
      })
    },
    settle(kind, id, value) {
      const one = waiting.get(id)
      waiting.delete(id)
      if (one === undefined) return
      if (kind === 'answer') return one.resolve(value)
      const { code, message } = value as { code: string; message: string }
      one.reject(Object.assign(new Error(message), { name: 'Fault', code }))
    },
  }
}

function createAnarq(call: Call, post: Post, { logLineBytesMax }: Settings): object {
  const log = (level: string, items: readonly unknown[]): void => {
    const show = (item: unknown): string => {
      try {
        return typeof item === 'object' && item !== null && !(item instanceof Error)
          ? JSON.stringify(item)
          : String(item)
      } catch {
        return 'something that cannot be shown'
      }
    }
    post('log', 0, { level, text: items.map(show).join(' ').slice(0, logLineBytesMax) })
  }
  const given: Record<string, unknown> = {
    log: (...items: unknown[]) => log('info', items),
    warn: (...items: unknown[]) => log('warn', items),
    error: (...items: unknown[]) => log('error', items),
    sleep: (ms: number) => call('runtime.sleep', { ms }),
    random: (length: number) => call('runtime.random', { length }),
  }
  const isName = (name: unknown): name is string =>
    // Whoever awaits a proxy asks it for `then`.
    typeof name === 'string' && /^[a-z][A-Za-z0-9]{0,31}$/.test(name) && name !== 'then' && !(name in {})
  const namesOf = (path: string, depth: number): unknown =>
    new Proxy(() => undefined, {
      get: (_, name) => (isName(name) && depth < 3 ? namesOf(`${path}.${name}`, depth + 1) : undefined),
      apply(_target, _self, [params]) {
        if (depth < 2) throw new TypeError(`anarq.${path} is no method. Call one of its methods.`)
        return call(path, params)
      },
    })
  return new Proxy(given, {
    get: (target, name) =>
      typeof name === 'string' && Object.hasOwn(target, name)
        ? target[name]
        : isName(name)
          ? namesOf(name, 1)
          : undefined,
  })
}

/** What apps expect to find besides the language, and the names that are watched. */
function furnish(scope: Scope, anarq: object, post: Post, { probes }: Settings): void {
  const { log, warn, error } = anarq as Record<string, unknown>
  const seen = new Set<string>()
  const define = (name: string, value: unknown): void => {
    Object.defineProperty(scope, name, { value, writable: true, configurable: true, enumerable: false })
  }
  define('console', { log, info: log, debug: log, warn, error })
  define(
    'TextEncoder',
    class {
      readonly encoding = 'utf-8'
      encode(text = ''): Uint8Array {
        return encodeUtf8(String(text))
      }
    },
  )
  define(
    'TextDecoder',
    class {
      readonly encoding = 'utf-8'
      decode(bytes?: ArrayBuffer | Uint8Array): string {
        return bytes === undefined
          ? ''
          : decodeUtf8(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes)
      }
    },
  )
  for (const name of probes) {
    Object.defineProperty(scope, name, {
      configurable: true,
      enumerable: false,
      get() {
        if (!seen.has(name)) post('probe', 0, { name })
        seen.add(name)
      },
      set: (value: unknown) => define(name, value),
    })
  }
}

function readable(request: unknown): unknown {
  const { body } = request as { body: Uint8Array }
  const text = (): string => decodeUtf8(body)
  return Object.assign(request as object, { text, json: () => JSON.parse(text()) })
}

/** By way of functions that engines have in C, since a loop over bytes is slow where everything is interpreted. */
function decodeUtf8(bytes: Uint8Array): string {
  let latin = ''
  for (let at = 0; at < bytes.length; at += 8192)
    latin += String.fromCharCode.apply(undefined, bytes.subarray(at, at + 8192) as unknown as number[])
  return decodeURIComponent(escape(latin))
}

function encodeUtf8(text: string): Uint8Array {
  const latin = unescape(encodeURIComponent(text.toWellFormed()))
  const bytes = new Uint8Array(latin.length)
  for (let i = 0; i < latin.length; i += 1) bytes[i] = latin.charCodeAt(i)
  return bytes
}
