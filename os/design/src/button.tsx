import type { ReactNode } from 'react'
import {
  Button as AriaButton,
  type ButtonProps as AriaButtonProps,
  ProgressBar as AriaProgressBar,
  Toolbar as AriaToolbar,
  type ToolbarProps,
  useLocale,
} from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'
import { Tooltip } from './tooltip.tsx'

/** `accent`: the one thing to do here. `danger`: it cannot be undone. `quiet`: in bars and lists. */
export type ButtonLook = 'plain' | 'accent' | 'outline' | 'quiet' | 'danger'
export type ButtonSize = 'small' | 'medium' | 'large'

export type ButtonProps = Omit<AriaButtonProps, 'children' | 'className' | 'style'> & {
  readonly look?: ButtonLook
  readonly size?: ButtonSize
  readonly icon?: IconName
  readonly isWide?: boolean
  readonly children: ReactNode
}

/** A verb. While `isPending` it keeps its size, shows that it works, and does not act twice. */
export function Button({
  look = 'plain',
  size = 'medium',
  icon,
  isWide,
  children,
  ...rest
}: ButtonProps): ReactNode {
  const waiting = useLocale().locale.startsWith('es') ? 'En curso' : 'In progress'
  return (
    <AriaButton
      {...rest}
      className="aq-button"
      data-look={look}
      data-size={size}
      {...(isWide ? { 'data-wide': '' } : {})}
    >
      {({ isPending }) => (
        <>
          {icon !== undefined && <Icon name={icon} />}
          <span>{children}</span>
          {isPending && (
            // The button takes its name from this too, so that whoever hears it hears that it works.
            <AriaProgressBar className="aq-button-wait" aria-label={waiting} isIndeterminate>
              <span className="aq-spinner" />
            </AriaProgressBar>
          )}
        </>
      )}
    </AriaButton>
  )
}

export type IconButtonProps = Omit<AriaButtonProps, 'children' | 'className' | 'style'> & {
  readonly icon: IconName
  /** What it does: the accessible name and the tooltip. */
  readonly label: string
  readonly look?: ButtonLook
  readonly size?: ButtonSize
  /** The keys that do the same, shown in the tooltip. */
  readonly keys?: string
}

/** A verb that everybody knows by its picture; the tooltip says it in words. */
export function IconButton({
  icon,
  label,
  look = 'quiet',
  size = 'medium',
  keys,
  ...rest
}: IconButtonProps): ReactNode {
  return (
    <Tooltip label={label} {...(keys === undefined ? {} : { keys })}>
      <AriaButton
        {...rest}
        aria-label={label}
        className="aq-button aq-icon-button"
        data-look={look}
        data-size={size}
      >
        <Icon name={icon} />
      </AriaButton>
    </Tooltip>
  )
}

/** Acts on what is shown below it. Arrow keys walk along it; it is one stop for the tab key. */
export function Toolbar({ children, ...rest }: Omit<ToolbarProps, 'className'>): ReactNode {
  return (
    <AriaToolbar {...rest} className="aq-toolbar">
      {children}
    </AriaToolbar>
  )
}

/** Pushes what follows it to the end of the bar. */
export function ToolbarSpace(): ReactNode {
  return <span className="aq-toolbar-space" />
}
