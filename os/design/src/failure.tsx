import type { ReactNode } from 'react'
import type { Problem } from './asked.ts'
import { Button } from './button.tsx'
import { EmptyState } from './feedback.tsx'
import type { IconName } from './icons.ts'

export type FailureProps = {
  readonly icon: IconName
  /** What could not be asked for. */
  readonly title: string
  readonly problem: Problem
  /** The words of the button. */
  readonly again: string
  readonly onRetry: () => void
}

/** Instead of what could not be asked for: why, and another try. */
export function Failure({ icon, title, problem, again, onRetry }: FailureProps): ReactNode {
  return (
    <EmptyState
      icon={icon}
      tone="danger"
      title={title}
      acts={
        <Button icon="refresh" onPress={onRetry}>
          {again}
        </Button>
      }
    >
      {problem.sentence}
    </EmptyState>
  )
}
