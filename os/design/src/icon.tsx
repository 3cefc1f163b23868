import type { CSSProperties, ReactNode } from 'react'
import { type Drawing, type IconName, icons } from './icons.ts'

export type IconProps = {
  readonly name: IconName
  /** Said aloud; without it the icon is decoration, as it should be beside a word. */
  readonly label?: string
}

export function Icon({ name, label }: IconProps): ReactNode {
  const { lines, solid }: Drawing = icons[name]
  return (
    <svg
      className="aq-icon"
      viewBox="0 0 24 24"
      focusable="false"
      role={label === undefined ? 'presentation' : 'img'}
      aria-hidden={label === undefined}
      aria-label={label}
    >
      {lines.map((d) => (
        <path key={d} d={d} />
      ))}
      {solid?.map((d) => (
        <path key={d} d={d} data-solid="" />
      ))}
    </svg>
  )
}

export type AppIconProps = {
  /** One of the family, or the address of a picture for an app that brings its own. */
  readonly icon: IconName | { readonly src: string }
  /** The tile's hue, 0 to 360. All tiles have one lightness and one saturation, so that they stay a family. */
  readonly hue?: number
  readonly size?: number
}

export function AppIcon({ icon, hue = 190, size = 48 }: AppIconProps): ReactNode {
  const style = { '--app-hue': hue, '--app-icon-size': `${size / 16}rem` } as CSSProperties
  return (
    <span className="aq-app-icon" style={style} aria-hidden="true">
      {typeof icon === 'string' ? <Icon name={icon} /> : <img src={icon.src} alt="" draggable={false} />}
    </span>
  )
}
