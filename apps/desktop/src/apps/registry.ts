/** The apps of this desktop, in the order of the home screen. A module's line here is all that the shell knows of it. */
import { consent } from '@anarq/consent'
import type { AppDefinition } from '@anarq/design'
import { guardian } from '@anarq/guardian'
import { identity } from '@anarq/identity'
import { network } from '@anarq/network'
import { drive } from '@anarq/qdrive'
import type { AppSdk } from '@anarq/sdk/app'
import { settings } from '@anarq/settings'
import { store } from '@anarq/store'

export type AnyApp = AppDefinition<AppSdk>
export const systemApps: readonly AnyApp[] = [drive, identity, consent, guardian, network, store, settings]

export function findApp(apps: readonly AnyApp[], id: string): AnyApp | undefined {
  return apps.find((app) => app.id === id)
}

/** An app that was installed has a name like "org.example.notes": its window is kept until the node says what there is. */
export function mayBeApp(id: string): boolean {
  return findApp(systemApps, id) !== undefined || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(id)
}
