import { Readable } from 'node:stream'
import type { Feed } from '@anarq/sdk'

type WatchOptions = { readonly signal: AbortSignal; check(): Promise<void> }

/** Well within the time after which a connection without a byte is cut. */
const beatMs = 15_000
/** Who reads so slowly is cut off, and asks anew. */
const waitingBytesMax = 64 * 1024

/**
 * The feed as lines of JSON, with an empty line now and then so that both sides know the other is there. `check` throws where
 * whoever listens may not any more: it ends then.
 */
export function watch(feed: Feed, { signal, check }: WatchOptions): Readable {
  const out = new Readable({ read() {} })
  const write = (line: string): void => {
    if (out.readableLength > waitingBytesMax) out.destroy()
    else out.push(`${line}\n`)
  }
  write('')
  const stop = feed.on((happening) => write(JSON.stringify(happening)))
  const beat = setInterval(() => {
    check().then(
      () => write(''),
      () => out.destroy(),
    )
  }, beatMs)
  beat.unref()
  const end = (): void => {
    stop()
    clearInterval(beat)
  }
  out.once('close', end)
  signal.addEventListener('abort', () => out.destroy(), { once: true })
  return out
}
