import type { AppEvents, AppTheme, Preferences } from '@anarq/design'
import { createContext, use } from 'react'
import type { AnyApp } from '../apps/registry.ts'
import type { Client, Session } from '../client/port.ts'
import type { ShellSay } from '../messages/messages.ts'
import type { Act, Desk } from '../windows/state.ts'
import type { NoticeAct, Notices, Standing } from './notices.ts'

/** What every screen of the shell has: who asks, in which language, how it looks. */
export type Surroundings = {
  readonly client: Client
  readonly say: ShellSay
  readonly theme: AppTheme
  readonly preferences: Preferences
  readonly changePreferences: (part: Partial<Preferences>) => void
}

/** What there is once somebody is in. */
export type Shell = {
  readonly session: Session
  readonly desk: Desk
  readonly act: (act: Act) => void
  readonly openApp: (app: string, argument?: string) => void
  readonly notices: Notices
  readonly notify: (act: NoticeAct) => void
  /** What waits for the person. */
  readonly standing: readonly Standing[]
  readonly isPhone: boolean
  readonly isNodeHere: boolean
  readonly events: AppEvents
  readonly apps: readonly AnyApp[]
  readonly overlay: Overlay | undefined
  readonly show: (overlay: Overlay | undefined) => void
  readonly isTouring: boolean
  readonly tour: (isOn: boolean) => void
  readonly lock: () => void
}

/** What lies over the desktop, at most one thing at a time. Screens open the last two, and the tour, by `open('shell', …)`. */
export type Overlay = 'launcher' | 'notices' | 'keys' | 'switcher' | 'sign-in' | 'words'

export const SurroundingsContext: React.Context<Surroundings | undefined> = createContext<
  Surroundings | undefined
>(undefined)
export const ShellContext: React.Context<Shell | undefined> = createContext<Shell | undefined>(undefined)

export function useSurroundings(): Surroundings {
  const found = use(SurroundingsContext)
  if (found === undefined) throw new Error('No surroundings: draw this inside <App>.')
  return found
}

export function useShell(): Shell {
  const found = use(ShellContext)
  if (found === undefined) throw new Error('No shell: draw this inside <Desktop>.')
  return found
}
