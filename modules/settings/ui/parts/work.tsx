import { Button, Note, type Problem, ProgressBar, useDeed } from '@anarq/design'
import { type ReactNode, useRef, useState } from 'react'
import { useSurroundings } from '../context.ts'

export type Work = {
  /** Undefined while nothing runs. */
  readonly bytes: number | undefined
  readonly problem: Problem | undefined
  run<T>(
    act: (watch: { onProgress(at: { bytes: number }): void; signal: AbortSignal }) => Promise<T>,
  ): Promise<T | undefined>
  stop(): void
}

/** One piece of long work: how far it is, and a way out of it. */
export function useWork(): Work {
  const [bytes, setBytes] = useState<number>()
  const [problem, setProblem] = useState<Problem>()
  const stopping = useRef<AbortController>(undefined)
  const deed = useDeed((met) => {
    if (stopping.current?.signal.aborted !== true) setProblem(met)
  })
  return {
    bytes,
    problem,
    stop: () => stopping.current?.abort(),
    async run(act) {
      const stop = new AbortController()
      stopping.current = stop
      setProblem(undefined)
      setBytes(0)
      const done = await deed.run(() => act({ onProgress: (at) => setBytes(at.bytes), signal: stop.signal }))
      setBytes(undefined)
      return done
    },
  }
}

type WorkingProps = {
  readonly label: string
  readonly text: string
  readonly value?: number
  readonly onStop: () => void
}

export function Working({ onStop, ...bar }: WorkingProps): ReactNode {
  const { say } = useSurroundings()
  return (
    <div className="settings-working">
      <ProgressBar {...bar} />
      <Button onPress={onStop}>{say('cancel')}</Button>
    </div>
  )
}

export function Wrong({ problem }: { readonly problem: Problem }): ReactNode {
  return (
    <Note tone="danger" icon="alert">
      {problem.sentence}
    </Note>
  )
}
