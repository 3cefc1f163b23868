import type { ReactElement, ReactNode } from 'react'
import { Tooltip as AriaTooltip, TooltipTrigger } from 'react-aria-components'

export type TooltipProps = {
  readonly label: string
  readonly keys?: string
  readonly placement?: 'top' | 'bottom' | 'left' | 'right'
  /** One thing that can have the focus. */
  readonly children: ReactElement
}

/** Names a control that shows no word. Never the only place of something that one has to know. */
export function Tooltip({ label, keys, placement = 'top', children }: TooltipProps): ReactNode {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      {children}
      <AriaTooltip className="aq-tooltip" placement={placement} offset={8}>
        {label}
        {keys !== undefined && <Keys keys={keys} />}
      </AriaTooltip>
    </TooltipTrigger>
  )
}

/** A combination of keys, as it is printed on them: "Ctrl+K". */
export function Keys({ keys }: { readonly keys: string }): ReactNode {
  return (
    <span className="aq-keys">
      {keys.split('+').map((key) => (
        <kbd key={key} className="aq-kbd">
          {key}
        </kbd>
      ))}
    </span>
  )
}
