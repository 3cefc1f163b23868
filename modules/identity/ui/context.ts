import {
  type AppEvents,
  type AppWindow,
  type Asked,
  createSurroundings,
  type Deed,
  type Locale,
} from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import type { IdentitySay } from './messages/messages.ts'

export type Identity = Awaited<ReturnType<Sdk['identity']['list']>>[number]

/** What every part of the screen may want. */
export type Around = {
  readonly sdk: Sdk
  readonly say: IdentitySay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly identities: Asked<readonly Identity[]>
  readonly deed: Deed
}

export const { Surroundings, useSurroundings } = createSurroundings<Around>()
