/** The system's own apps, in the order of the home screen. A module's line here is all that the shell knows of it. */
import type { AppDefinition } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { settings } from '@anarq/settings'
import { store } from '@anarq/store'

export type App = AppDefinition<Sdk>
export const systemApps: readonly App[] = [store, settings]
