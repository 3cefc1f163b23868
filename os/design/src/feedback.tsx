import type { CSSProperties, ReactNode } from 'react'
import { Meter as AriaMeter, ProgressBar as AriaProgressBar, Label } from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type Tone = 'plain' | 'accent' | 'success' | 'warning' | 'danger'

export type ProgressBarProps = {
  readonly label: string
  /** 0 to 1; without it nobody knows how long it takes. */
  readonly value?: number
  /** "12 of 40 MB", where more can be said than a percentage. */
  readonly text?: string
}

/** Something is under way. */
export function ProgressBar({ label, value, text }: ProgressBarProps): ReactNode {
  const isEndless = value === undefined
  return (
    <AriaProgressBar
      className="aq-meter"
      isIndeterminate={isEndless}
      value={(value ?? 0) * 100}
      {...(text === undefined ? {} : { valueLabel: text })}
    >
      {({ percentage, valueText }) => (
        <>
          <Label className="aq-label">{label}</Label>
          <span className="aq-meter-value">{isEndless ? (text ?? '') : valueText}</span>
          <div className="aq-meter-track">
            <div
              className="aq-meter-fill"
              {...(isEndless ? { 'data-endless': '' } : { style: { scale: `${(percentage ?? 0) / 100} 1` } })}
            />
          </div>
        </>
      )}
    </AriaProgressBar>
  )
}

export type MeterProps = {
  readonly label: string
  readonly value: number
  readonly text?: string
  readonly tone?: Tone
}

/** How much of something there is. */
export function Meter({ label, value, text, tone = 'accent' }: MeterProps): ReactNode {
  return (
    <AriaMeter className="aq-meter" value={value * 100} {...(text === undefined ? {} : { valueLabel: text })}>
      {({ percentage, valueText }) => (
        <>
          <Label className="aq-label">{label}</Label>
          <span className="aq-meter-value">{valueText}</span>
          <div className="aq-meter-track">
            <div className="aq-meter-fill" data-tone={tone} style={{ scale: `${percentage / 100} 1` }} />
          </div>
        </>
      )}
    </AriaMeter>
  )
}

export type BadgeProps = { readonly tone?: Tone; readonly icon?: IconName; readonly children: ReactNode }

/** A state in one or two words. */
export function Badge({ tone = 'plain', icon, children }: BadgeProps): ReactNode {
  return (
    <span className="aq-badge" data-tone={tone}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </span>
  )
}

export type NoteProps = { readonly tone?: Tone; readonly icon?: IconName; readonly children: ReactNode }

/** A sentence that one should have read before going on. */
export function Note({ tone = 'plain', icon = 'info', children }: NoteProps): ReactNode {
  return (
    <div className="aq-note" data-tone={tone}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  )
}

export type AvatarProps = {
  readonly name: string
  /** What its colour comes from, so that one identity looks the same everywhere: its DID. */
  readonly seed?: string
  /** People are round; anonymous identities and organisations are not. */
  readonly kind?: string
  readonly size?: number
}

export function Avatar({ name, seed = name, kind = 'root', size = 32 }: AvatarProps): ReactNode {
  const style = { '--avatar-hue': hueOf(seed), '--avatar-size': `${size / 16}rem` } as CSSProperties
  return (
    // The initial is drawn by the stylesheet: it is a picture, and no part of a button's text.
    <span
      className="aq-avatar"
      style={style}
      data-kind={kind}
      data-initial={kind === 'anonymous' ? '' : initialOf(name)}
      aria-hidden="true"
    >
      {kind === 'anonymous' && <Icon name="eye-off" />}
    </span>
  )
}

function initialOf(name: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(name.trim())
  return first?.segment.toLocaleUpperCase() ?? '?'
}

function hueOf(seed: string): number {
  let hash = 2166136261
  for (let index = 0; index < seed.length; index += 1)
    hash = Math.imul(hash ^ seed.charCodeAt(index), 16777619)
  return (hash >>> 0) % 360
}

/** Where something will be, in its size, while it comes. */
export function Skeleton({
  width = '100%',
  height = 12,
}: {
  readonly width?: number | string
  readonly height?: number
}): ReactNode {
  return <span className="aq-skeleton" style={{ width, height }} aria-hidden="true" />
}

export type EmptyStateProps = {
  readonly icon: IconName
  readonly title: string
  /** What this place is for, and how something gets here. */
  readonly children: ReactNode
  readonly acts?: ReactNode
  readonly tone?: 'accent' | 'danger'
}

/** Nothing here yet: says what will be, and offers the first step. */
export function EmptyState({ icon, title, children, acts, tone = 'accent' }: EmptyStateProps): ReactNode {
  return (
    <div className="aq-empty">
      <span className="aq-empty-icon" data-tone={tone}>
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {typeof children === 'object' ? <div className="aq-empty-text">{children}</div> : <p>{children}</p>}
      {acts !== undefined && <div className="aq-empty-acts">{acts}</div>}
    </div>
  )
}
