/** The apps of this desktop, in the order of the home screen. A module's line here is all that the shell knows of it. */
import { consent } from '@anarq/consent'
import type { AppDefinition } from '@anarq/design'
import { guardian } from '@anarq/guardian'
import { identity } from '@anarq/identity'
import type { Sdk } from '@anarq/sdk/client'
import { settings } from '@anarq/settings'

export const apps: readonly AppDefinition<Sdk>[] = [identity, consent, guardian, settings]

const byId = new Map(apps.map((app) => [app.id, app]))

export function appOf(id: string): AppDefinition<Sdk> | undefined {
  return byId.get(id)
}
