import type { ReactNode } from 'react'
import { middleOf } from '../logic/names.ts'

/** Text, whatever is in it. A name that is too long gives way before its end, where the number and the ending are. */
export function EntryName({ name }: { readonly name: string }): ReactNode {
  const { start, end } = middleOf(name)
  return (
    <span className="qd-name" title={name}>
      <span className="qd-name-start">{start}</span>
      {end !== '' && <span className="qd-name-end">{end}</span>}
    </span>
  )
}
