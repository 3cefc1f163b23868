/** The apps of this desktop, in the order of the home screen. A module's line here is all that the shell knows of it. */
import type { AppDefinition } from '@anarq/design'
import { drive } from '@anarq/qdrive'
import type { AppSdk } from '@anarq/sdk/app'
import { settings } from '@anarq/settings'

export const apps: readonly AppDefinition<AppSdk>[] = [drive, settings]

const byId = new Map(apps.map((app) => [app.id, app]))

export function appOf(id: string): AppDefinition<AppSdk> | undefined {
  return byId.get(id)
}
