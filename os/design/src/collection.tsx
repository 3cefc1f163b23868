import type { ReactNode } from 'react'
import {
  Table as AriaTable,
  Cell,
  Column,
  GridList,
  GridListItem,
  type GridListProps,
  ListBox,
  ListBoxItem,
  type ListBoxProps,
  Row,
  type Selection,
  type SortDescriptor,
  TableBody,
  TableHeader,
} from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type ListItem = {
  readonly id: string
  readonly label: string
  readonly icon?: IconName
  readonly note?: string
}
export type ListProps = Omit<ListBoxProps<ListItem>, 'items' | 'children' | 'className' | 'style'> & {
  readonly label: string
  readonly items: readonly ListItem[]
}

export function List({ label, items, ...rest }: ListProps): ReactNode {
  return (
    <ListBox {...rest} aria-label={label} items={items} className="aq-list">
      {(item) => (
        <ListBoxItem id={item.id} textValue={item.label} className="aq-item">
          {item.icon !== undefined && <Icon name={item.icon} />}
          <span>{item.label}</span>
          {item.note !== undefined && <span className="aq-item-end">{item.note}</span>}
        </ListBoxItem>
      )}
    </ListBox>
  )
}

export type TableColumn<Item> = {
  readonly id: string
  readonly label: string
  readonly isSortable?: boolean
  /** The first of them names the row for those who hear it. */
  readonly isMain?: boolean
  readonly cell: (item: Item) => ReactNode
}

export type TableProps<Item extends { readonly id: string }> = {
  readonly label: string
  readonly columns: readonly TableColumn<Item>[]
  readonly items: readonly Item[]
  readonly selected?: Selection
  readonly onSelect?: (selection: Selection) => void
  /** By double click or Enter. */
  readonly onOpen?: (id: string) => void
  readonly sort?: SortDescriptor
  readonly onSort?: (sort: SortDescriptor) => void
  readonly empty?: ReactNode
}

export function Table<Item extends { readonly id: string }>(props: TableProps<Item>): ReactNode {
  const { label, columns, items, selected, onSelect, onOpen, sort, onSort, empty } = props
  const selection =
    onSelect === undefined
      ? {}
      : {
          selectionMode: 'multiple' as const,
          selectionBehavior: 'replace' as const,
          onSelectionChange: onSelect,
        }
  return (
    <AriaTable
      aria-label={label}
      className="aq-table"
      {...selection}
      {...(selected === undefined ? {} : { selectedKeys: selected })}
      {...(sort === undefined ? {} : { sortDescriptor: sort })}
      {...(onSort === undefined ? {} : { onSortChange: onSort })}
      {...(onOpen === undefined ? {} : { onRowAction: (key) => onOpen(String(key)) })}
    >
      <TableHeader>
        {columns.map((column, index) => (
          <Column
            key={column.id}
            id={column.id}
            className="aq-column"
            isRowHeader={column.isMain ?? index === 0}
            allowsSorting={column.isSortable ?? false}
          >
            {({ sortDirection }) => (
              <span className="aq-column-label">
                {column.label}
                {sortDirection !== undefined && <Icon name="sort" />}
              </span>
            )}
          </Column>
        ))}
      </TableHeader>
      <TableBody items={items} renderEmptyState={() => empty}>
        {(item) => (
          <Row id={item.id} className="aq-row">
            {columns.map((column) => (
              <Cell key={column.id} className="aq-cell">
                {column.cell(item)}
              </Cell>
            ))}
          </Row>
        )}
      </TableBody>
    </AriaTable>
  )
}

export type TileGridProps<Item extends { readonly id: string }> = Omit<
  GridListProps<Item>,
  'items' | 'children' | 'className' | 'style' | 'layout'
> & {
  readonly label: string
  readonly items: readonly Item[]
  readonly nameOf: (item: Item) => string
  readonly tile: (item: Item) => ReactNode
}

/** Things as tiles; arrow keys walk in both directions. */
export function TileGrid<Item extends { readonly id: string }>({
  label,
  items,
  nameOf,
  tile,
  ...rest
}: TileGridProps<Item>): ReactNode {
  return (
    <GridList {...rest} aria-label={label} layout="grid" items={items} className="aq-grid">
      {(item) => (
        <GridListItem id={item.id} textValue={nameOf(item)} className="aq-tile">
          {tile(item)}
        </GridListItem>
      )}
    </GridList>
  )
}
