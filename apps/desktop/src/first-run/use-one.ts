import { useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'

/** One thing that is done at a time, and what stood against it. */
export function useOne(): {
  readonly isBusy: boolean
  readonly problem: string | undefined
  run(act: () => Promise<void>): void
} {
  const { say } = useSurroundings()
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  return {
    isBusy,
    problem,
    run(act) {
      if (isBusy) return
      setBusy(true)
      setProblem(undefined)
      act().catch((thrown: unknown) => {
        setProblem(problemText(say, thrown))
        setBusy(false)
      })
    },
  }
}
