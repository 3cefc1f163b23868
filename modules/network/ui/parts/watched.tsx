import { type Asked, Failure, Skeleton } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'

export type WatchedProps<T> = {
  readonly asked: Asked<T>
  /** What is said where the node did not answer. */
  readonly failed: string
  readonly children: (value: T) => ReactNode
}

/** What was asked of the node, once it is there; until then, that it comes, or why it does not. */
export function Watched<T>({
  asked: { value, problem, again },
  failed,
  children,
}: WatchedProps<T>): ReactNode {
  const { say } = useSurroundings()
  if (value !== undefined) return children(value)
  if (problem === undefined) return <Skeleton height={160} />
  return <Failure icon="network" title={failed} problem={problem} again={say('again')} onRetry={again} />
}
