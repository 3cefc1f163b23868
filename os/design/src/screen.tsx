/** How a screen with several places is laid out: a sidebar, or tabs where it is narrow; a head, groups, lines and facts. */
import { type ReactNode, useId } from 'react'
import { IconButton } from './button.tsx'
import type { IconName } from './icons.ts'
import { Sidebar, Tabs } from './navigation.tsx'

export type PlacesProps<Place extends string> = {
  readonly label: string
  readonly items: readonly {
    readonly id: Place
    readonly label: string
    readonly icon: IconName
    readonly note?: string
  }[]
  readonly selected: Place
  readonly onSelect: (place: Place) => void
  readonly isNarrow: boolean
  /** It scrolls by itself: a list that fills the height. */
  readonly isFull?: boolean
  /** What the selected place shows. */
  readonly children: ReactNode
}

export function Places<Place extends string>(props: PlacesProps<Place>): ReactNode {
  const { label, items, selected, onSelect, isNarrow, isFull = false, children } = props
  const select = (id: string): void => {
    const found = items.find((item) => item.id === id)
    if (found !== undefined) onSelect(found.id)
  }
  const name = items.find((item) => item.id === selected)?.label ?? label
  const page = isFull ? (
    <div className="aq-page aq-page-full" key={selected}>
      {children}
    </div>
  ) : (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys, whatever is in it.
    <section className="aq-page aq-scroll" key={selected} aria-label={name} tabIndex={0}>
      {children}
    </section>
  )
  if (isNarrow) {
    const tabs = items.map((item) => ({ ...item, content: item.id === selected && page }))
    return (
      <div className="aq-places" data-narrow="">
        <Tabs label={label} selected={selected} onSelect={select} tabs={tabs} />
      </div>
    )
  }
  return (
    <div className="aq-places">
      <Sidebar label={label} items={items} selected={selected} onSelect={select} />
      {page}
    </div>
  )
}

export type PageHeadProps = {
  readonly title: string
  readonly text?: string
  /** What can be done here, at the end of the line. */
  readonly acts?: ReactNode
  /** Stands before the title: an avatar. */
  readonly lead?: ReactNode
  readonly back?: { readonly label: string; readonly onGo: () => void }
}

export function PageHead({ title, text, acts, lead, back }: PageHeadProps): ReactNode {
  return (
    <header className="aq-page-head">
      {back !== undefined && <IconButton icon="back" label={back.label} onPress={back.onGo} />}
      {lead}
      <div className="aq-page-title">
        <h2>{title}</h2>
        {text !== undefined && <p>{text}</p>}
      </div>
      {acts !== undefined && <div className="aq-page-acts">{acts}</div>}
    </header>
  )
}

export type GroupProps = {
  readonly title?: string
  readonly text?: ReactNode
  readonly acts?: ReactNode
  readonly children?: ReactNode
}

/** What belongs together, under a name of its own. */
export function Group({ title, text, acts, children }: GroupProps): ReactNode {
  const id = useId()
  return (
    <section className="aq-group" {...(title === undefined ? {} : { 'aria-labelledby': id })}>
      {(title !== undefined || acts !== undefined) && (
        <div className="aq-group-head">
          <div>
            {title !== undefined && <h3 id={id}>{title}</h3>}
            {text !== undefined && <p>{text}</p>}
          </div>
          {acts}
        </div>
      )}
      {children}
    </section>
  )
}

export type LinesProps = { readonly label: string; readonly children: ReactNode }

/** Things of one kind, each on a line. */
export function Lines({ label, children }: LinesProps): ReactNode {
  return (
    <ul className="aq-lines" aria-label={label}>
      {children}
    </ul>
  )
}

export type LineProps = {
  readonly lead?: ReactNode
  readonly title: ReactNode
  readonly text?: ReactNode
  /** States and acts, at the end. */
  readonly end?: ReactNode
  readonly isFaded?: boolean
  /** Opens more of it, below. */
  readonly children?: ReactNode
}

/** One thing: what it is, a sentence on it, what can be done with it. In `Lines`. */
export function Line({ lead, title, text, end, isFaded = false, children }: LineProps): ReactNode {
  return (
    <li className="aq-line" {...(isFaded ? { 'data-faded': '' } : {})}>
      <div className="aq-line-row">
        {lead}
        <div className="aq-line-text">
          <strong>{title}</strong>
          {text !== undefined && <p>{text}</p>}
        </div>
        {end !== undefined && <div className="aq-line-end">{end}</div>}
      </div>
      {children}
    </li>
  )
}

export type FactsProps = {
  readonly facts: readonly { readonly name: string; readonly value: ReactNode }[]
}

/** Names and values, for reading. */
export function Facts({ facts }: FactsProps): ReactNode {
  return (
    <dl className="aq-facts">
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
