import type { World } from '@anarq/qnet'
import { type Carrier, type Listener, type Pipe, type PipeEvents, unreachable } from './carrier.ts'

/** Carries bytes within one process, with a delay of the world's: for tests, and for whoever simulates. */
export function createMemoryCarrier(world: World, delayMs = 0): Carrier {
  const listeners = new Map<string, (pipe: Pipe) => void>()
  let listened = 0
  return {
    scheme: 'memory',
    async dial(address, signal) {
      signal.throwIfAborted()
      const onPipe = listeners.get(address)
      if (onPipe === undefined) throw unreachable(address)
      const [near, far] = [new MemoryPipe(world, delayMs), new MemoryPipe(world, delayMs)]
      near.peer = far
      far.peer = near
      onPipe(far)
      return near
    },
    async listen(address, onPipe): Promise<Listener> {
      listened += 1
      const bound = address.endsWith(':0') ? `${address.slice(0, -1)}${listened}` : address
      listeners.set(bound, onPipe)
      return { address: bound, close: async () => void listeners.delete(bound) }
    },
  }
}

/** What is on its way, in bytes, before a writer is asked to wait. */
const bytesHigh = 256 * 1024

class MemoryPipe implements Pipe {
  readonly remoteAddress = ''
  readonly #world: World
  readonly #delayMs: number
  peer: MemoryPipe | undefined
  #events: PipeEvents | undefined
  #waiting: Uint8Array[] = []
  #bytesUnderWay = 0
  #isBlocked = false
  #isEnded = false
  #isClosed = false

  constructor(world: World, delayMs: number) {
    this.#world = world
    this.#delayMs = delayMs
  }

  start(events: PipeEvents): void {
    this.#events = events
    for (const bytes of this.#waiting.splice(0)) events.onData(bytes)
    if (this.#isClosed) events.onClosed()
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#isEnded) return true
    this.#bytesUnderWay += bytes.length
    this.#world.after(this.#delayMs, () => {
      this.#bytesUnderWay -= bytes.length
      this.peer?.take(bytes)
      if (this.#isBlocked && this.#bytesUnderWay < bytesHigh / 2) {
        this.#isBlocked = false
        this.#events?.onDrain()
      }
    })
    this.#isBlocked = this.#bytesUnderWay >= bytesHigh
    return !this.#isBlocked
  }

  end(): void {
    if (this.#isClosed || this.#isEnded) return
    this.#isEnded = true
    this.#world.after(this.#delayMs, () => {
      this.peer?.closed()
      this.closed()
    })
  }

  take(bytes: Uint8Array): void {
    if (this.#isClosed) return
    if (this.#events === undefined) this.#waiting.push(bytes)
    else this.#events.onData(bytes)
  }

  closed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#events?.onClosed()
  }
}
