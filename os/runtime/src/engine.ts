/** JSON text, and behind it the bytes that the text points at, one after another. Codec: `codec.ts`. */
export type Message = { readonly text: string; readonly bytes: Uint8Array }

/** ES modules by path (`main.js`, `lib/parse.js`), and the one that is the backend. */
export type Source = { readonly entry: string; readonly modules: ReadonlyMap<string, string> }

export type IsolateLimits = {
  /** All memory of the isolate: code, heap and stack. At least `memoryBytesMin`. */
  readonly memoryBytesMax: number
  readonly stackBytesMax: number
  /** Processor time of one turn: from a message until nothing is left to do. */
  readonly turnMsMax: number
  /** Processor time of all turns of a minute. */
  readonly cpuMsPerMinuteMax: number
  /** Characters and bytes of one message, both ways. */
  readonly messageBytesMax: number
  /** Messages that were sent and that `on` has not taken yet. */
  readonly unreadMessagesMax: number
  readonly unreadBytesMax: number
}

/** WebAssembly engines need so much before the first line of an app runs. */
export const memoryBytesMin: number = 20 * 1024 * 1024

/**
 * Why an isolate ended without being asked to:
 * `loop` no end of a turn, `memory` more than it may have, `recursion` the engine's own stack, `flood` more messages than
 * are taken, `oversized` one message too large, `crash` anything else.
 */
export type EndCause = 'loop' | 'memory' | 'recursion' | 'flood' | 'oversized' | 'crash'

export type IsolateEvent =
  | { readonly kind: 'message'; readonly message: Message }
  /** A module asked for one that is not in the source. Inside, the import fails. */
  | { readonly kind: 'refused'; readonly specifier: string }
  /** The last event. Of an isolate that was stopped there is none. */
  | { readonly kind: 'ended'; readonly cause: EndCause; readonly detail: string }

export type IsolateOptions = {
  /**
   * The text of a function expression, evaluated before any module:
   * `(send, load, scope) => receive`. `send(text, buffer?)` sends a message with the bytes of an ArrayBuffer; `load()`
   * imports the entry; `scope` is the global object; `receive(text, buffer?)` is called with each message that comes.
   * The modules never see `send`.
   */
  readonly bridge: string
  readonly source: Source
  readonly limits: IsolateLimits
  on(event: IsolateEvent): void
}

export type Isolate = {
  /** Messages arrive in order. What is sent to an isolate that has ended is dropped. */
  send(message: Message): void
  /** After it is called no event comes any more. Resolves when what the isolate held is given back. */
  stop(): Promise<void>
}

/**
 * What the runtime needs of an engine. Inside there is the language and nothing else: no network, no files, no timers,
 * no clock finer than a millisecond, no other isolate. Implementations pass `@anarq/runtime/testing`.
 */
export type Engine = {
  /** Never throws: what fails later or at once is told as `ended`, after this has returned. */
  start(options: IsolateOptions): Isolate
}
