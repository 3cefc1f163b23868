import { useCallback, useMemo, useRef, useState } from 'react'

/** Something that takes its time: how far it is, and the way to stop it. */
export type Job = {
  readonly id: number
  readonly title: string
  /** From 0 to 1; undefined where nobody knows how much there is. */
  readonly part: number | undefined
  /** How much is done, where nobody knows how much there is. */
  readonly text: string | undefined
  readonly cancel: () => void
}

export type JobTools = {
  readonly signal: AbortSignal
  readonly onPart: (part: number) => void
  readonly onText: (text: string) => void
}

export type Jobs = {
  readonly all: readonly Job[]
  /** Rejects with what `work` does; `cancelled.job` where the person stopped it. */
  run<Value>(title: string, work: (tools: JobTools) => Promise<Value>): Promise<Value>
}

/** As often as one can see it. */
const shownEveryMs = 100

export function useJobs(): Jobs {
  const [all, setAll] = useState<readonly Job[]>([])
  const last = useRef(0)
  const run = useCallback<Jobs['run']>(async (title, work) => {
    last.current += 1
    const id = last.current
    const stop = new AbortController()
    let shownMs = 0
    setAll((jobs) => [...jobs, { id, title, part: undefined, text: undefined, cancel: () => stop.abort() }])
    const show = (more: Partial<Job>): void => {
      if (performance.now() - shownMs < shownEveryMs) return
      shownMs = performance.now()
      setAll((jobs) => jobs.map((job) => (job.id === id ? { ...job, ...more } : job)))
    }
    try {
      return await work({
        signal: stop.signal,
        onPart: (part) => show({ part: Math.min(1, part) }),
        onText: (text) => show({ text }),
      })
    } catch (error) {
      throw stop.signal.aborted ? new Cancelled() : error
    } finally {
      setAll((jobs) => jobs.filter((job) => job.id !== id))
    }
  }, [])
  return useMemo(() => ({ all, run }), [all, run])
}

/** The person stopped it: that is no failure, and is not said like one. */
export class Cancelled extends Error {
  override readonly name: string = 'Cancelled'
  readonly code = 'cancelled.job'
}
