import { TextField } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../shell/context.ts'
import { wordsIn } from './flow.ts'

export type TypedWordsProps = {
  readonly value: string
  readonly onChange: (value: string) => void
  readonly isMissing?: boolean
}

/** The field for the words, typed or pasted, which says how many there are. */
export function TypedWords({ value, onChange, isMissing = false }: TypedWordsProps): ReactNode {
  const { say } = useSurroundings()
  const count = say('first.recover.count', { count: wordsIn(value).length })
  return (
    <TextField
      label={say('first.recover.label')}
      rows={4}
      value={value}
      onChange={onChange}
      maxLength={1000}
      autoComplete="off"
      spellCheck="false"
      hint={count}
      error={isMissing ? count : undefined}
    />
  )
}
