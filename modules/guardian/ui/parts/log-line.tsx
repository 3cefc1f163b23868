import { momentOf } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import { objectOf } from '../logic/flows.ts'
import type { Entry } from '../logic/log.ts'

/** An entry in the list: what was done, by whom, when. */
export function LogLine({ entry, title }: { readonly entry: Entry; readonly title: string }): ReactNode {
  const { locale, nameOf } = useSurroundings()
  const { index, atMs, identity } = entry
  const thing = objectOf(entry)
  return (
    <>
      <span className="guardian-line">
        <span>{title}</span>
        <small>
          {nameOf(identity)}
          {thing !== undefined && ` · ${thing}`}
        </small>
      </span>
      <span className="guardian-line-end">
        <span>#{index}</span>
        <small>{momentOf(atMs, locale)}</small>
      </span>
    </>
  )
}
