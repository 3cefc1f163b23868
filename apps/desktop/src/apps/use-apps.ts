import type { AppEvents } from '@anarq/design'
import { useEffect, useState } from 'react'
import { type Client, shellApp } from '../client/port.ts'
import { installedApps, type Remembered } from './installed.ts'
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
    const remembered: Remembered = new Map()
    let asked = 0
    const load = async (): Promise<void> => {
      asked += 1
      const mine = asked
      const facts = await client
        .sdkFor(shellApp)
        .apps.list({})
        .catch(() => undefined)
      // Of two answers that overtook each other, the later question's holds.
      if (facts === undefined || mine !== asked) return
      setApps({ all: [...systemApps, ...installedApps(facts, client, remembered)], isKnown: true })
    }
    void load()
    const stop = events.on('apps', load)
    return () => {
      asked += 1
      stop()
    }
  }, [client, events])
  return apps
}
