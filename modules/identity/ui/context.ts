import type { AppEvents, AppWindow, Asked, Deed, Locale } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { createContext, useContext } from 'react'
import type { IdentitySay } from './messages/messages.ts'

export type Identity = Awaited<ReturnType<Sdk['identity']['list']>>[number]

/** What every part of the screen may want. */
export type Surroundings = {
  readonly sdk: Sdk
  readonly say: IdentitySay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly identities: Asked<readonly Identity[]>
  readonly deed: Deed
}

export const IdentityContext: React.Context<Surroundings | undefined> = createContext<
  Surroundings | undefined
>(undefined)

export function useSurroundings(): Surroundings {
  const surroundings = useContext(IdentityContext)
  if (surroundings === undefined) throw new Error('A part of the screen stands outside of it.')
  return surroundings
}
