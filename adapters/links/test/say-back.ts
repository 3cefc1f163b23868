import type { LinkStream, StreamEvents } from '@anarq/qnet/link'

/** Says back whatever comes. */
export function sayBack(stream: LinkStream): StreamEvents {
  return {
    onData(bytes) {
      stream.write(bytes)
      stream.consumed(bytes.length)
    },
    onEnd: () => stream.end(),
    onReset() {},
    onDrain() {},
  }
}
