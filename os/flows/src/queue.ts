import { Fault } from '@anarq/fault'

export type Queue<T> = AsyncIterable<T> & {
  push(item: T): Promise<void>
  end(error?: unknown): void
  /** Gives what was never taken out. */
  stop(): readonly T[]
}

/** A bounded queue between one writer and one reader; when the reader leaves, the writer's next push throws. */
export function createQueue<T>(max: number): Queue<T> {
  const items: T[] = []
  let ended: { error: unknown } | undefined
  let isStopped = false
  let wakeReader = (): void => {}
  let wakeWriter = (): void => {}
  return {
    async push(item) {
      while (items.length >= max && !isStopped) await new Promise<void>((resolve) => (wakeWriter = resolve))
      if (isStopped) throw new Fault('cancelled.stopped', 'The put was stopped.')
      items.push(item)
      wakeReader()
    },
    end(error) {
      ended = { error }
      wakeReader()
    },
    stop() {
      isStopped = true
      wakeWriter()
      return items.splice(0)
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const item = items.shift()
        if (item !== undefined) {
          wakeWriter()
          yield item
        } else if (ended !== undefined) {
          if (ended.error !== undefined) throw ended.error
          return
        } else await new Promise<void>((resolve) => (wakeReader = resolve))
      }
    },
  }
}
