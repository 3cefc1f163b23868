/** What a transfer takes its steps from. */
import { concatBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { Source, Step } from './transfers.ts'

/** Large enough that messages cost nothing beside it, small enough that several lie in memory without notice. */
export const pieceBytes: number = 1024 * 1024

/** A stream in pieces of about `pieceBytes`, the last one with the end. */
export function readingSource(stream: ReadableStream<Uint8Array>): Source {
  const reader = stream.getReader()
  return {
    async next() {
      const parts: Uint8Array[] = []
      let bytes = 0
      while (bytes < pieceBytes) {
        const { done, value } = await reader.read().catch((cause: unknown) => {
          throw cause instanceof TypeError ? brokenOff(cause) : cause
        })
        if (done) return { value: concatBytes(...parts), isEnd: true }
        parts.push(value)
        bytes += value.length
      }
      const [first] = parts
      return {
        value: parts.length === 1 && first !== undefined ? first : concatBytes(...parts),
        isEnd: false,
      }
    },
  }
}

/**
 * Work that says how far it is. What was said last is what is given, once; who asks in between waits for more, and what
 * nobody asked for is forgotten.
 */
export function workingSource(run: (tell: (progress: unknown) => void) => Promise<unknown>): Source {
  let news: Step | undefined
  let wake = (): void => {}
  const tell = (step: Step): void => {
    news = step
    wake()
  }
  const outcome = run((progress) => tell({ value: progress, isEnd: false })).then((value) =>
    tell({ value, isEnd: true }),
  )
  // Said to whoever asks next; a page that asks no more is no defect.
  outcome.catch(() => {})
  return {
    async next() {
      while (news === undefined)
        await Promise.race([outcome, new Promise<void>((resolve) => (wake = resolve))])
      const step = news
      if (!step.isEnd) news = undefined
      return step
    },
  }
}

function brokenOff(cause: Error): Fault {
  return new Fault('unavailable.node', 'The node broke off in the middle. Try again.', { cause })
}
