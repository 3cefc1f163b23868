import type { EndCause, Engine, Isolate, IsolateEvent, IsolateOptions, Message } from './engine.ts'
import type { Bridge, Receive, Send } from './guest.ts'

/**
 * An engine without walls, for tests: modules run in this process and see all of it. It keeps the contract of messages
 * (`testEngine`) and none of isolation (`testIsolation`). Imports between modules are static and relative.
 */
export function createMemoryEngine(): Engine {
  return {
    start: (options) =>
      run(options, (send, refuse) => {
        const { bridge, source } = options
        const open = new Function(`return ${bridge}`)() as Bridge
        const load = async (): Promise<{ default?: unknown }> =>
          import(urlOf(source.modules, source.entry, refuse))
        return open(send, load, {})
      }),
  }
}

/** An engine whose isolates are played by a function: for everything that an honest bridge would never send. */
export function createPlayedEngine(play: (send: Send, options: IsolateOptions) => Receive): Engine {
  return { start: (options) => run(options, (send) => play(send, options)) }
}

type Stage = (send: Send, refuse: (specifier: string) => void) => Receive

function run({ limits, on }: IsolateOptions, stage: Stage): Isolate {
  const { messageBytesMax, unreadMessagesMax, unreadBytesMax } = limits
  const unread: Message[] = []
  let unreadBytes = 0
  let isOver = false
  let receive: Receive | undefined

  const tell = (event: IsolateEvent): void => {
    if (isOver) return
    isOver = event.kind === 'ended'
    on(event)
  }
  const end = (cause: EndCause, detail: string): void =>
    queueMicrotask(() => tell({ kind: 'ended', cause, detail }))
  const takeOne = (): void => {
    const message = unread.shift()
    if (message === undefined) return
    unreadBytes -= sizeOf(message)
    tell({ kind: 'message', message })
  }
  const send: Send = (text, buffer) => {
    const message = {
      text,
      bytes: buffer === undefined ? new Uint8Array(0) : new Uint8Array(buffer.slice(0)),
    }
    const size = sizeOf(message)
    if (size > messageBytesMax) return end('oversized', `A message has ${size} bytes.`)
    unread.push(message)
    unreadBytes += size
    if (unread.length > unreadMessagesMax || unreadBytes > unreadBytesMax) {
      unread.length = 0
      return end('flood', 'More messages than were taken.')
    }
    queueMicrotask(takeOne)
  }
  queueMicrotask(() => {
    if (isOver) return
    try {
      receive = stage(send, (specifier) => queueMicrotask(() => tell({ kind: 'refused', specifier })))
    } catch (error) {
      end('crash', String(error))
    }
  })
  return {
    send({ text, bytes }) {
      const buffer = bytes.length === 0 ? undefined : bytes.slice().buffer
      queueMicrotask(() => {
        if (isOver) return
        try {
          receive?.(text, buffer)
        } catch {
          // Whoever waits for an answer waits in vain, as with any engine.
        }
      })
    },
    async stop() {
      isOver = true
    },
  }
}

function sizeOf({ text, bytes }: Message): number {
  return text.length + bytes.length
}

/** A module as a URL that holds its text, and that of all it imports. */
function urlOf(
  modules: ReadonlyMap<string, string>,
  path: string,
  refuse: (specifier: string) => void,
): string {
  const linked = (modules.get(path) ?? '').replace(
    /((?:^|\n)\s*(?:(?:import|export)\b[^'"\n;]*\bfrom|import)\s*)(['"])([^'"]+)\2/g,
    (_, head: string, _quote, specifier: string) => {
      const { pathname } = new URL(specifier, `memory:/${path}`)
      const target = specifier.startsWith('.') ? pathname.slice(1) : specifier
      if (modules.has(target)) return `${head}"${urlOf(modules, target, refuse)}"`
      refuse(specifier)
      throw new Error(`There is no module ${specifier}.`)
    },
  )
  // The number makes each start a module of its own, where equal texts would be one.
  started += 1
  return `data:text/javascript,${encodeURIComponent(`${linked}\n// ${started}`)}`
}

let started = 0
