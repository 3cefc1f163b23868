import {
  type AppEvents,
  type AppWindow,
  createSurroundings,
  type Deed,
  type Locale,
  type PreferencesPort,
} from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { SettingsSay } from './messages/messages.ts'

export type Around = {
  readonly sdk: AppSdk
  readonly say: SettingsSay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly deed: Deed
  /** Absent where the shell gave no power over how it looks. */
  readonly preferences: PreferencesPort | undefined
}

export const { Surroundings, useSurroundings } = createSurroundings<Around>()
