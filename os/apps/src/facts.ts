import { type AppFacts, type AppPermission, describePermission, readPermission } from '@anarq/sdk'
import { type AppFields, developmentNumberOf } from '@anarq/wxa'
import type { KeptApp, KeptVersion, TrustedPublisher } from './registry.ts'

export function factsOf(
  { current, previous, granted, installedMs, isOn }: KeptApp,
  trusted: readonly TrustedPublisher[],
): AppFacts {
  return {
    ...describe(current, trusted, granted),
    installedMs,
    isOn,
    ...(previous === undefined ? {} : { previous: previous.app.version }),
  }
}

export function describe(
  { app, publisher }: Pick<KeptVersion, 'app' | 'publisher'>,
  trusted: readonly TrustedPublisher[],
  granted: readonly string[],
): Omit<AppFacts, 'installedMs' | 'isOn' | 'previous' | 'icon'> {
  const { id, name, version, category, description, ui, backend, defaultSize } = app
  return {
    id,
    name,
    version,
    category,
    description,
    ...(publisher === undefined
      ? {}
      : {
          publisher: {
            did: publisher.did,
            name: publisher.name,
            isTrusted: trusted.some(({ did }) => did === publisher.did),
          },
        }),
    permissions: permissionsOf(app, granted),
    ...(ui === undefined ? {} : { ui: { kind: ui.kind } }),
    hasBackend: backend !== undefined,
    isDevelopment: publisher === undefined || developmentNumberOf(version) !== undefined,
    ...(defaultSize === undefined ? {} : { defaultSize }),
  }
}

/** `invalid.permission` for one that this system does not know: it could not say what it would allow. */
function permissionsOf({ permissions }: AppFields, granted: readonly string[]): AppPermission[] {
  return permissions.map(({ id, why }) => {
    return { id, means: describePermission(readPermission(id)), why, isGranted: granted.includes(id) }
  })
}
