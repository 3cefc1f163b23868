import type { ReactNode } from 'react'
import type { IconName } from './icons.ts'
import type { Locale } from './messages.ts'

/** What the shell gives to the screen of an app. The same in every mode; across a frame it is carried by the bridge. */
export type AppProps<Sdk = unknown> = {
  readonly sdk: Sdk
  readonly window: AppWindow
  readonly events: AppEvents
  readonly locale: Locale
  readonly theme: AppTheme
  /** Only for an app that may change how the desktop looks (`powers: ['preferences']`). */
  readonly preferences?: PreferencesPort
}

/** Says that something may look different now; whoever shows it asks again. */
export type AppEvents = {
  /** Gives what stops it. */
  on(topic: AppTopic, listener: () => void): () => void
}

export type AppTopic =
  | 'drive'
  | 'identity'
  | 'consent'
  | 'guardian'
  | 'lock'
  | 'apps'
  | 'browsers'
  | 'system'
  | 'tools'
  | 'flows'
  | 'network'

/** Its own window, and nothing else of the desktop. */
export type AppWindow = {
  readonly id: string
  /** What it was opened with: a path, an identity, a section. */
  readonly argument: string | undefined
  /** True while it has the keyboard. */
  readonly isFocused: boolean
  /** Below this the sidebar of an app should be a list above it. */
  readonly isNarrow: boolean
  setTitle(title: string): void
  close(): void
  open(app: string, argument?: string): void
  notify(notice: AppNotice): void
  /** Gives a file to the person, as the browser saves it. */
  save(name: string, content: Blob): void
}

export type AppNotice = {
  readonly title: string
  readonly text?: string
  readonly tone?: 'plain' | 'success' | 'warning' | 'danger'
}
export type AppTheme = {
  readonly mode: 'light' | 'dark'
  readonly contrast: 'standard' | 'more'
  readonly motion: 'full' | 'reduced'
}

export type Preferences = {
  readonly theme: 'system' | 'light' | 'dark'
  readonly contrast: 'system' | 'standard' | 'more'
  readonly motion: 'system' | 'full' | 'reduced'
  readonly locale: Locale
}

export type PreferencesPort = { readonly value: Preferences; change(part: Partial<Preferences>): void }

/** How an app is known to the shell. Its code is loaded when it is opened first. */
export type AppDefinition<Sdk = unknown> = {
  readonly id: string
  readonly name: Readonly<Record<Locale, string>>
  /** One line in the launcher: what it is for. */
  readonly about: Readonly<Record<Locale, string>>
  /** One of the family, or the address of the app's own picture. */
  readonly icon: IconName | { readonly src: string }
  readonly hue: number
  readonly load: () => Promise<{ readonly default: (props: AppProps<Sdk>) => ReactNode }>
  readonly powers?: readonly 'preferences'[]
  /** The first window's size; it shrinks to what there is. */
  readonly size?: { readonly width: number; readonly height: number }
  /** Opening it again shows the window that is there. */
  readonly isSingle?: boolean
}
