import type { ReactNode } from 'react'
import type { StrengthWords } from './field.tsx'
import { strengthOf } from './strength.ts'

const order = ['weak', 'fair', 'good', 'strong'] as const

/** Four bars and a word, since a colour alone tells nothing to many. */
export function Strength({
  value,
  words,
}: {
  readonly value: string
  readonly words: StrengthWords
}): ReactNode {
  const { level } = strengthOf(value)
  const reached = level === 'empty' ? 0 : order.indexOf(level) + 1
  return (
    <div className="aq-strength" data-level={level}>
      <div className="aq-strength-bars" aria-hidden="true">
        {order.map((one, index) => (
          <span key={one} {...(index < reached ? { 'data-on': '' } : {})} />
        ))}
      </div>
      <output className="aq-hint">
        {words.label}
        {level !== 'empty' && <strong>: {words[level]}</strong>}
      </output>
    </div>
  )
}
