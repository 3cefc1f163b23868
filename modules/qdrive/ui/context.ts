import type { AppEvents, AppWindow, Locale } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { createContext, useContext } from 'react'
import type { Person } from './logic/entry.ts'
import type { DriveSay } from './messages/messages.ts'
import type { AskLock } from './model/locks.ts'
import type { Thumbnails } from './model/thumbnails.ts'
import type { Actions } from './model/use-actions.ts'

/** What every part of the screen may want. */
export type Surroundings = {
  readonly sdk: AppSdk
  readonly say: DriveSay
  readonly locale: Locale
  readonly window: AppWindow
  readonly events: AppEvents
  readonly actions: Actions
  readonly thumbnails: Thumbnails
  readonly askLock: AskLock
  /** Identities of this home, for names instead of DIDs. */
  readonly people: readonly Person[]
  faultText(error: unknown): string
}

export const DriveContext: React.Context<Surroundings | undefined> = createContext<Surroundings | undefined>(
  undefined,
)

export function useSurroundings(): Surroundings {
  const surroundings = useContext(DriveContext)
  if (surroundings === undefined) throw new Error('A part of the drive stands outside of it.')
  return surroundings
}
