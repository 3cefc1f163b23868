import { type AppEvents, type AppWindow, createSurroundings, type Deed, type Locale } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { ConsentSay } from './messages/messages.ts'

export type Around = {
  readonly sdk: AppSdk
  readonly say: ConsentSay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly deed: Deed
  /** A name of this home, or a shortened address. */
  nameOf(did: string): string
}

export const { Surroundings, useSurroundings } = createSurroundings<Around>()
