import type { Pipe, PipeEvents } from './carrier.ts'

const writeBytesHigh = 256 * 1024
/** How often a full WebSocket is asked whether it has room: it does not say so by itself. */
const drainPollMs = 5
const endMsMax = 5000

/** What browsers, Node and the library `ws` have in common. */
export type WebSocketLike = {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(): void
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
}

const stateOpen = 1
const stateClosed = 3

/** A WebSocket as a pipe: binary messages of any size, whose borders mean nothing. Text ends it. */
export class WebSocketPipe implements Pipe {
  readonly remoteAddress: string
  readonly #socket: WebSocketLike
  readonly #destroy: () => void
  #events: PipeEvents | undefined
  #waiting: Uint8Array[] = []
  #poll: ReturnType<typeof setTimeout> | undefined
  #isEnded = false
  #isClosed = false

  /** `destroy` ends it without the other side's doing, where that can be done. */
  constructor(socket: WebSocketLike, remoteAddress: string, destroy: () => void) {
    this.#socket = socket
    this.#destroy = destroy
    this.remoteAddress = remoteAddress
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }: { readonly data: unknown }) => this.#take(data)
    socket.onerror = () => {}
    socket.onclose = () => this.#close()
  }

  start(events: PipeEvents): void {
    this.#events = events
    if (this.#isClosed || this.#socket.readyState === stateClosed) {
      queueMicrotask(() => events.onClosed())
      return
    }
    const waiting = this.#waiting
    this.#waiting = []
    for (const bytes of waiting) events.onData(bytes)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnded || this.#socket.readyState !== stateOpen) return true
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>)
    if (this.#socket.bufferedAmount < writeBytesHigh) return true
    this.#poll ??= setTimeout(() => this.#pollDrain(), drainPollMs)
    return false
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#socket.close()
    const timer = setTimeout(() => {
      this.#destroy()
      this.#close()
    }, endMsMax)
    unref(timer)
  }

  #take(data: unknown): void {
    if (this.#isClosed) return
    if (!(data instanceof ArrayBuffer)) {
      this.end()
      return
    }
    const bytes = new Uint8Array(data)
    if (this.#events === undefined) this.#waiting.push(bytes)
    else this.#events.onData(bytes)
  }

  #pollDrain(): void {
    this.#poll = undefined
    if (this.#isClosed) return
    if (this.#socket.bufferedAmount < writeBytesHigh / 2) this.#events?.onDrain()
    else this.#poll = setTimeout(() => this.#pollDrain(), drainPollMs)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#poll)
    this.#events?.onClosed()
  }
}

/** Timers keep Node's process alive, unless they are told not to; a browser's have no such word. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
