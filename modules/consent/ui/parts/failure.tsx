import { Button, EmptyState, type IconName, type Problem } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'

type FailureProps = {
  readonly icon: IconName
  readonly title: string
  readonly problem: Problem
  readonly onRetry: () => void
}

/** Instead of what could not be asked for. */
export function Failure({ icon, title, problem, onRetry }: FailureProps): ReactNode {
  const { say } = useSurroundings()
  return (
    <EmptyState
      icon={icon}
      tone="danger"
      title={title}
      acts={
        <Button icon="refresh" onPress={onRetry}>
          {say('again')}
        </Button>
      }
    >
      {problem.sentence}
    </EmptyState>
  )
}
