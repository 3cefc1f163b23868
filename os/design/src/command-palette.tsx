import { type ReactNode, useState } from 'react'
import {
  Dialog as AriaDialog,
  Autocomplete,
  Header,
  Input,
  type Key,
  ListBox,
  ListBoxItem,
  ListBoxSection,
  Modal,
  ModalOverlay,
  SearchField,
} from 'react-aria-components'
import { Icon } from './icon.tsx'
import { Keys } from './tooltip.tsx'

export type PaletteEntry = {
  readonly id: string
  readonly label: string
  readonly note?: string
  readonly keys?: string
  readonly lead: ReactNode
  /** Other words that find it. */
  readonly also?: string
}
export type PaletteGroup = {
  readonly id: string
  readonly label: string
  readonly entries: readonly PaletteEntry[]
}

export type CommandPaletteProps = {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly label: string
  readonly placeholder: string
  readonly groups: readonly PaletteGroup[]
  readonly onAct: (id: string) => void
  /** Hears what is typed, for whoever finds more of it elsewhere. */
  readonly onText?: (text: string) => void
  /** What is said when nothing is found. */
  readonly none: (text: string) => ReactNode
  readonly foot?: ReactNode
}

/** One field that finds everything. Type, arrow, Enter; the field keeps the keyboard all the time. */
export function CommandPalette(props: CommandPaletteProps): ReactNode {
  const { isOpen, onClose, label, placeholder, groups, onAct, onText, none, foot } = props
  const [text, write] = useState('')
  const setText = (typed: string): void => {
    write(typed)
    onText?.(typed)
  }
  const close = (): void => {
    setText('')
    onClose()
  }
  const found = groups
    .map((group) => ({ ...group, entries: group.entries.filter((entry) => matches(entry, text)) }))
    .filter((group) => group.entries.length > 0)
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => !open && close()}
      isDismissable
      className="aq-veil aq-palette-veil"
    >
      <Modal className="aq-modal aq-palette">
        <AriaDialog aria-label={label} className="aq-palette-body">
          <Autocomplete inputValue={text} onInputChange={setText}>
            <SearchField aria-label={label} className="aq-palette-field" autoFocus>
              <Icon name="search" />
              {/* What it opens is its list: one goes through that with the arrows while the field keeps the focus. */}
              <Input className="aq-input" placeholder={placeholder} role="combobox" aria-expanded="true" />
            </SearchField>
            <ListBox
              aria-label={label}
              className="aq-list aq-palette-list aq-scroll"
              selectionMode="none"
              onAction={(id: Key) => {
                close()
                onAct(String(id))
              }}
              renderEmptyState={() => <p className="aq-palette-none">{none(text)}</p>}
            >
              {found.map((group) => (
                <ListBoxSection key={group.id} id={group.id}>
                  <Header className="aq-heading">{group.label}</Header>
                  {group.entries.map((entry) => (
                    <ListBoxItem
                      key={entry.id}
                      id={entry.id}
                      textValue={entry.label}
                      className="aq-item aq-palette-item"
                    >
                      {entry.lead}
                      <span className="aq-item-text">
                        {entry.label}
                        {entry.note !== undefined && <small>{entry.note}</small>}
                      </span>
                      {entry.keys !== undefined && (
                        <span className="aq-item-end">
                          <Keys keys={entry.keys} />
                        </span>
                      )}
                    </ListBoxItem>
                  ))}
                </ListBoxSection>
              ))}
            </ListBox>
          </Autocomplete>
          {foot !== undefined && <div className="aq-palette-foot">{foot}</div>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Every word that was typed begins somewhere in it; accents and capitals do not matter. */
function matches({ label, note = '', also = '' }: PaletteEntry, text: string): boolean {
  const words = plain(`${label} ${note} ${also}`)
  return plain(text)
    .split(/\s+/)
    .every((part) => words.includes(part))
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}
