/** Parts that have behaviour and no look: for those who draw something that is in nobody else's window. */
import type { ReactNode } from 'react'
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  Dialog as AriaDialog,
  Toolbar as AriaToolbar,
  DialogTrigger,
  Popover,
} from 'react-aria-components'
import { Tooltip } from './tooltip.tsx'

export type PlainButtonProps = Omit<AriaButtonProps, 'className' | 'style' | 'children'> & {
  readonly className: string
  /** The accessible name; with `hasTooltip` it is shown too. */
  readonly label?: string
  readonly hasTooltip?: boolean
  readonly keys?: string
  readonly children: ReactNode
}

export function PlainButton({
  className,
  label,
  hasTooltip = false,
  keys,
  children,
  ...rest
}: PlainButtonProps): ReactNode {
  const button = (
    <AriaButton {...rest} className={className} {...(label === undefined ? {} : { 'aria-label': label })}>
      {children}
    </AriaButton>
  )
  if (!hasTooltip || label === undefined) return button
  return (
    <Tooltip label={label} {...(keys === undefined ? {} : { keys })}>
      {button}
    </Tooltip>
  )
}

export type BarProps = { readonly label: string; readonly className: string; readonly children: ReactNode }

/** A row of buttons that is one stop for the tab key; arrow keys walk along it. */
export function Bar({ label, className, children }: BarProps): ReactNode {
  return (
    <AriaToolbar aria-label={label} className={className}>
      {children}
    </AriaToolbar>
  )
}

export type PanelProps = {
  readonly label: string
  readonly trigger: ReactNode
  readonly isOpen?: boolean
  readonly onOpenChange?: (isOpen: boolean) => void
  readonly placement?: 'top end' | 'bottom end' | 'top' | 'bottom'
  readonly children: ReactNode
}

/** A small place that opens from a button, and closes when one looks elsewhere. */
export function Panel({
  label,
  trigger,
  isOpen,
  onOpenChange,
  placement = 'top end',
  children,
}: PanelProps): ReactNode {
  return (
    <DialogTrigger
      {...(isOpen === undefined ? {} : { isOpen })}
      {...(onOpenChange === undefined ? {} : { onOpenChange })}
    >
      {trigger}
      <Popover className="aq-popover aq-panel" placement={placement} offset={10}>
        <AriaDialog aria-label={label} className="aq-panel-body">
          {children}
        </AriaDialog>
      </Popover>
    </DialogTrigger>
  )
}
