import type { AppEvents } from '@anarq/design'
import { useEffect, useState } from 'react'
import type { Client } from '../client/port.ts'
import { installedApps } from './installed.tsx'
import { type AnyApp, systemApps } from './registry.ts'

export type Apps = {
  readonly all: readonly AnyApp[]
  /** False until the node said what is installed. */
  readonly isKnown: boolean
}

/** The system's own apps at once, and those that were installed as soon as the node tells; both follow what changes. */
export function useApps(client: Client, events: AppEvents): Apps {
  const [apps, setApps] = useState<Apps>({ all: systemApps, isKnown: false })
  useEffect(() => {
    const load = (): void =>
      void client
        .sdkFor()
        .apps.list({})
        .then(
          (facts) => setApps({ all: [...systemApps, ...installedApps(facts, client)], isKnown: true }),
          () => undefined,
        )
    load()
    return events.on('apps', load)
  }, [client, events])
  return apps
}
