import type { ReactElement, ReactNode } from 'react'
import {
  Breadcrumbs as AriaBreadcrumbs,
  Tabs as AriaTabs,
  Breadcrumb,
  Header,
  type Key,
  Link,
  ListBox,
  ListBoxItem,
  ListBoxSection,
  Tab,
  TabList,
  TabPanel,
} from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type TabsProps = {
  readonly label: string
  readonly tabs: readonly {
    readonly id: string
    readonly label: string
    readonly icon?: IconName
    readonly content: ReactNode
  }[]
  readonly selected?: string
  readonly onSelect?: (id: string) => void
}

/** Views of the same thing, side by side. */
export function Tabs({ label, tabs, selected, onSelect }: TabsProps): ReactNode {
  const control = selected === undefined ? {} : { selectedKey: selected }
  return (
    <AriaTabs className="aq-tabs" {...control} onSelectionChange={(key: Key) => onSelect?.(String(key))}>
      <TabList aria-label={label} className="aq-tab-list">
        {tabs.map((tab) => (
          <Tab key={tab.id} id={tab.id} className="aq-tab">
            {tab.icon !== undefined && <Icon name={tab.icon} />}
            {tab.label}
          </Tab>
        ))}
      </TabList>
      {tabs.map((tab) => (
        <TabPanel key={tab.id} id={tab.id} className="aq-tab-panel">
          {tab.content}
        </TabPanel>
      ))}
    </AriaTabs>
  )
}

export type BreadcrumbsProps = {
  readonly label: string
  /** From the root to where one is. */
  readonly path: readonly { readonly id: string; readonly label: string }[]
  readonly onGo: (id: string) => void
}

export function Breadcrumbs({ label, path, onGo }: BreadcrumbsProps): ReactNode {
  return (
    <AriaBreadcrumbs aria-label={label} className="aq-crumbs" onAction={(key: Key) => onGo(String(key))}>
      {path.map(({ id, label: name }, index) => (
        <Breadcrumb key={id} id={id} className="aq-crumb">
          <Link className="aq-crumb-link">{name}</Link>
          {index < path.length - 1 && <Icon name="chevron-right" />}
        </Breadcrumb>
      ))}
    </AriaBreadcrumbs>
  )
}

export type SidebarItem = {
  readonly id: string
  readonly label: string
  readonly icon?: IconName
  readonly note?: string
}

export type SidebarProps = {
  readonly label: string
  readonly items: readonly SidebarItem[]
  /** More of them, each group under a word of its own. */
  readonly groups?: readonly { readonly label: string; readonly items: readonly SidebarItem[] }[]
  readonly selected: string
  readonly onSelect: (id: string) => void
  /** Below the places: how full it is, for example. */
  readonly foot?: ReactNode
}

/** The places of an app. Arrow keys walk it; one is always chosen. */
export function Sidebar({ label, items, groups = [], selected, onSelect, foot }: SidebarProps): ReactNode {
  return (
    <nav className="aq-sidebar" aria-label={label}>
      <ListBox
        aria-label={label}
        className="aq-list"
        selectionMode="single"
        selectionBehavior="replace"
        disallowEmptySelection
        selectedKeys={[selected]}
        onSelectionChange={(keys) => {
          if (keys !== 'all') for (const key of keys) onSelect(String(key))
        }}
      >
        {items.map((item) => placeOf(item))}
        {groups.map((group) => (
          <ListBoxSection key={group.label} id={group.label} className="aq-list">
            <Header className="aq-heading">{group.label}</Header>
            {group.items.map((item) => placeOf(item))}
          </ListBoxSection>
        ))}
      </ListBox>
      {foot !== undefined && <div className="aq-sidebar-foot">{foot}</div>}
    </nav>
  )
}

function placeOf(item: SidebarItem): ReactElement {
  return (
    <ListBoxItem key={item.id} id={item.id} textValue={item.label} className="aq-item">
      {item.icon !== undefined && <Icon name={item.icon} />}
      <span className="aq-item-label">{item.label}</span>
      {item.note !== undefined && <span className="aq-item-end">{item.note}</span>}
    </ListBoxItem>
  )
}
