import { type ReactElement, type ReactNode, useRef, useState } from 'react'
import { Menu as AriaMenu, type Key, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'
import { Keys } from './tooltip.tsx'

export type MenuEntry =
  | {
      readonly id: string
      readonly label: string
      readonly icon?: IconName
      /** Instead of an icon: an avatar, say. */
      readonly lead?: ReactNode
      /** A second line. */
      readonly note?: string
      readonly keys?: string
      readonly tone?: 'danger'
      readonly isDisabled?: boolean
      readonly isChecked?: boolean
    }
  | 'separator'

type Acts = {
  readonly label: string
  readonly entries: readonly MenuEntry[]
  readonly onAct: (id: string) => void
}
export type MenuProps = Acts & {
  /** The button that opens it. */
  readonly children: ReactElement
  readonly placement?: 'bottom start' | 'bottom end' | 'top start' | 'top end' | 'top' | 'bottom'
}

/** What can be done with one thing. */
export function Menu({ children, placement = 'bottom start', ...acts }: MenuProps): ReactNode {
  return (
    <MenuTrigger>
      {children}
      <Popover className="aq-popover" placement={placement} offset={6}>
        <Entries {...acts} />
      </Popover>
    </MenuTrigger>
  )
}

export type ContextMenuProps = Acts & { readonly className?: string; readonly children: ReactNode }

/** The same, where the pointer is: by right click, a long press, or the menu key. Never the only way to do a thing. */
export function ContextMenu({ className, children, onAct, ...acts }: ContextMenuProps): ReactNode {
  const anchor = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<{ x: number; y: number }>()
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the menu key reaches what is inside it; this only hears it bubble.
    <div
      ref={anchor}
      className={className}
      onContextMenu={(event) => {
        if (event.target instanceof Element && event.target.closest('input, textarea, [data-own-menu]'))
          return
        event.preventDefault()
        setAt(placeOf(event))
      }}
    >
      {children}
      <Popover
        className="aq-popover"
        triggerRef={anchor}
        getTargetRect={() => new DOMRect(at?.x ?? 0, at?.y ?? 0, 0, 0)}
        isOpen={at !== undefined}
        onOpenChange={(open) => !open && setAt(undefined)}
        placement="bottom start"
        offset={2}
      >
        <Entries
          {...acts}
          onAct={(id) => {
            setAt(undefined)
            onAct(id)
          }}
        />
      </Popover>
    </div>
  )
}

/** The menu key has no pointer: the menu then opens at what has the focus. */
function placeOf(event: { clientX: number; clientY: number; target: EventTarget }): { x: number; y: number } {
  if (event.clientX > 0 || event.clientY > 0) return { x: event.clientX, y: event.clientY }
  const box = (event.target as Element).getBoundingClientRect()
  return { x: box.left, y: box.bottom }
}

function Entries({ label, entries, onAct }: Acts): ReactNode {
  return (
    <AriaMenu aria-label={label} className="aq-menu" onAction={(id: Key) => onAct(String(id))}>
      {entries.map((entry, index) =>
        entry === 'separator' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a separator has no name of its own, and entries keep their order.
          <Separator key={`separator ${index}`} className="aq-separator" />
        ) : (
          <MenuItem
            key={entry.id}
            id={entry.id}
            textValue={entry.label}
            className="aq-item"
            isDisabled={entry.isDisabled ?? false}
            data-tone={entry.tone}
          >
            {entry.icon !== undefined && <Icon name={entry.icon} />}
            {entry.lead}
            <span className="aq-item-text">
              {entry.label}
              {entry.note !== undefined && <small>{entry.note}</small>}
            </span>
            {entry.isChecked === true && (
              <span className="aq-item-check">
                <Icon name="check" />
              </span>
            )}
            {entry.keys !== undefined && (
              <span className="aq-item-end">
                <Keys keys={entry.keys} />
              </span>
            )}
          </MenuItem>
        ),
      )}
    </AriaMenu>
  )
}
