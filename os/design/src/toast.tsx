import type { ReactNode } from 'react'
import { IconButton } from './button.tsx'
import type { Tone } from './feedback.tsx'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type ToastProps = {
  readonly title: string
  readonly text?: string
  readonly tone?: Tone
  readonly icon?: IconName
  readonly closeLabel: string
  readonly onClose: () => void
  readonly act?: ReactNode
}

const iconOf: Readonly<Record<Tone, IconName>> = {
  plain: 'info',
  accent: 'info',
  success: 'check',
  warning: 'alert',
  danger: 'alert',
}

/** What just happened. It never asks and never has the only copy of a message: the notification centre keeps it. */
export function Toast({
  title,
  text,
  tone = 'plain',
  icon = iconOf[tone],
  closeLabel,
  onClose,
  act,
}: ToastProps): ReactNode {
  return (
    <div className="aq-toast" data-tone={tone}>
      <Icon name={icon} />
      <div className="aq-toast-text">
        <strong>{title}</strong>
        {text !== undefined && <p>{text}</p>}
        {act}
      </div>
      <IconButton size="small" icon="close" label={closeLabel} onPress={onClose} />
    </div>
  )
}
