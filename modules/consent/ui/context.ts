import type { AppEvents, AppWindow, Deed, Locale } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { createContext, useContext } from 'react'
import type { ConsentSay } from './messages/messages.ts'

export type Surroundings = {
  readonly sdk: Sdk
  readonly say: ConsentSay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly deed: Deed
  /** A name of this home, or a shortened address. */
  nameOf(did: string): string
}

export const ConsentContext: React.Context<Surroundings | undefined> = createContext<
  Surroundings | undefined
>(undefined)

export function useSurroundings(): Surroundings {
  const surroundings = useContext(ConsentContext)
  if (surroundings === undefined) throw new Error('A part of the screen stands outside of it.')
  return surroundings
}
