/** What a screen asks of the system, and what came: asked again when it may look different now. */
import { useCallback, useEffect, useRef, useState } from 'react'
import type { AppEvents, AppTopic } from './app.ts'
import { type FaultTexts, faultSentence } from './fault-sentence.ts'
import { useFaultTexts } from './faults.tsx'

export type Asked<T> = {
  /** The last that came: it stays while it is asked for anew. */
  readonly value: T | undefined
  /** Why the last time gave nothing, in one sentence; its code where it has one. */
  readonly problem: Problem | undefined
  again(): void
}

export type Problem = { readonly sentence: string; readonly code: string | undefined }

/** Many changes come in one go: they are one reason to ask. */
const settleMs = 120

/** `ask` is asked anew when it is another function: wrap it in `useCallback`. */
export function useAsked<T>(
  ask: () => Promise<T>,
  events: AppEvents,
  ...topics: readonly AppTopic[]
): Asked<T> {
  const [found, setFound] = useState<Omit<Asked<T>, 'again'>>({ value: undefined, problem: undefined })
  const turn = useRef(0)
  const texts = useFaultTexts()
  const again = useCallback(() => {
    turn.current += 1
    const mine = turn.current
    ask().then(
      (value) => mine === turn.current && setFound({ value, problem: undefined }),
      (thrown: unknown) =>
        mine === turn.current && setFound(({ value }) => ({ value, problem: problemOf(thrown, texts) })),
    )
  }, [ask, texts])
  const wanted = topics.join(' ')
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const soon = (): void => {
      clearTimeout(timer)
      timer = setTimeout(again, settleMs)
    }
    again()
    const stops = wanted
      .split(' ')
      .filter((topic) => topic !== '')
      .map((topic) => events.on(topic as AppTopic, soon))
    return () => {
      turn.current += 1
      clearTimeout(timer)
      for (const stop of stops) stop()
    }
  }, [again, events, wanted])
  return { ...found, again }
}

export type Deed = {
  readonly isBusy: boolean
  /** Gives what the act gave, or nothing where it failed; the reason was told then. */
  run<T>(act: () => Promise<T>): Promise<T | undefined>
}

/** Something that a person does: once at a time, and whoever is told of it hears why it did not work. */
export function useDeed(onProblem: (problem: Problem) => void): Deed {
  const [isBusy, setBusy] = useState(false)
  const tell = useRef(onProblem)
  tell.current = onProblem
  const texts = useFaultTexts()
  const run = useCallback(
    async <T>(act: () => Promise<T>): Promise<T | undefined> => {
      setBusy(true)
      try {
        return await act()
      } catch (thrown) {
        tell.current(problemOf(thrown, texts))
        return undefined
      } finally {
        setBusy(false)
      }
    },
    [texts],
  )
  return { isBusy, run }
}

/** Of whatever was thrown; with texts (`useFaultTexts`), in the reader's language. */
export function problemOf(thrown: unknown, texts?: FaultTexts): Problem {
  const { message, code, data } = (thrown ?? {}) as { message?: unknown; code?: unknown; data?: unknown }
  const told = {
    sentence: typeof message === 'string' ? message : String(thrown),
    code: typeof code === 'string' ? code : undefined,
  }
  const known = typeof data === 'object' && data !== null ? { data: data as Record<string, unknown> } : {}
  return { ...told, sentence: faultSentence({ ...told, ...known }, texts) }
}
