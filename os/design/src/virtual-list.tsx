import type { ReactNode } from 'react'
import { ListBox, ListBoxItem, ListLayout, Virtualizer } from 'react-aria-components'

export type VirtualListProps<Item extends { readonly id: string }> = {
  readonly label: string
  readonly items: readonly Item[]
  /** Of each line, in pixels: only those in sight are drawn. */
  readonly lineHeight: number
  readonly nameOf: (item: Item) => string
  readonly line: (item: Item) => ReactNode
  readonly selected?: string | undefined
  readonly onSelect?: (id: string) => void
  readonly empty?: ReactNode
}

/** A list of any length; arrow keys, Page Up and Page Down, Home and End walk it. */
export function VirtualList<Item extends { readonly id: string }>(props: VirtualListProps<Item>): ReactNode {
  const { label, items, lineHeight, nameOf, line, selected, onSelect, empty } = props
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: lineHeight }}>
      <ListBox
        aria-label={label}
        className="aq-virtual aq-scroll"
        items={items}
        selectionMode="single"
        selectionBehavior="replace"
        selectedKeys={selected === undefined ? [] : [selected]}
        onSelectionChange={(keys) => {
          if (keys !== 'all') for (const key of keys) onSelect?.(String(key))
        }}
        renderEmptyState={() => empty}
      >
        {(item) => (
          <ListBoxItem id={item.id} textValue={nameOf(item)} className="aq-item aq-virtual-line">
            {line(item)}
          </ListBoxItem>
        )}
      </ListBox>
    </Virtualizer>
  )
}
