/** Pieces that come one by one from outside, as a stream that somebody reads. */
export type Channel = {
  /** Resolves when the part was taken: whoever sends waits for whoever seals. */
  push(part: Uint8Array): Promise<void>
  end(): void
  pieces(): AsyncIterable<Uint8Array>
}

export function createChannel(signal: AbortSignal): Channel {
  let waiting: { part: Uint8Array; taken: () => void } | undefined
  let isEnded = false
  let wake = (): void => {}
  signal.addEventListener('abort', () => wake(), { once: true })
  return {
    push: (part) =>
      new Promise((resolve) => {
        waiting = { part, taken: resolve }
        wake()
      }),
    end() {
      isEnded = true
      wake()
    },
    async *pieces() {
      while (true) {
        signal.throwIfAborted()
        if (waiting !== undefined) {
          const { part, taken } = waiting
          waiting = undefined
          yield part
          taken()
        } else if (isEnded) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
