/** Installed apps as the shell knows apps: one definition each, another one whenever anything about it changed. */
import type { AppEvents } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { useEffect, useState } from 'react'
import type { Client } from '../client/port.ts'
import { installedScreen } from './installed-screen.tsx'
import { type App, systemApps } from './registry.ts'

export type InstalledFacts = Awaited<ReturnType<Sdk['apps']['list']>>[number]

export type Apps = {
  readonly all: readonly App[]
  of(id: string): App | undefined
  /** False until the node said what is installed: a window of an app that is not known yet is no orphan. */
  readonly isKnown: boolean
}

/** All apps of the desktop, as they are at this moment. */
export function useApps(client: Client, events: AppEvents): Apps {
  const [apps, setApps] = useState<Apps>(() => appsOf(systemApps, false))
  useEffect(() => {
    const remembered = new Map<string, Remembered>()
    let asked = 0
    const load = async (): Promise<void> => {
      asked += 1
      const mine = asked
      const facts = await client
        .sdkFor()
        .apps.list({})
        .catch(() => undefined)
      if (facts !== undefined && mine === asked)
        setApps(appsOf([...systemApps, ...definitionsOf(facts, remembered, client)], true))
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

export type Remembered = { readonly print: string; readonly app: App }

/**
 * A definition stays the same object while its app does, so that windows go on; after an update, a roll back or another
 * permission it is another, and its windows begin anew with what holds now.
 */
export function definitionsOf(
  facts: readonly InstalledFacts[],
  remembered: Map<string, Remembered>,
  client: Client,
): readonly App[] {
  return facts.filter(isShown).map((one) => {
    const print = JSON.stringify(one)
    const known = remembered.get(one.id)
    if (known?.print === print) return known.app
    const app = definitionOf(one, client)
    remembered.set(one.id, { print, app })
    return app
  })
}

function isShown({ id, isOn, ui }: InstalledFacts): boolean {
  return isOn && ui !== undefined && !systemApps.some((app) => app.id === id)
}

function definitionOf(facts: InstalledFacts, client: Client): App {
  const { id, name, description, defaultSize, icon } = facts
  return {
    id,
    name: { en: name, es: name },
    about: { en: description, es: description },
    icon: icon === undefined ? 'apps' : { src: icon },
    hue: hueOf(id),
    load: () => installedScreen(facts, client),
    ...(defaultSize === undefined ? {} : { size: defaultSize }),
  }
}

/** The same tile for the same app, wherever it is shown without a picture. */
function hueOf(id: string): number {
  let hue = 0
  for (const one of id) hue = (hue * 31 + (one.codePointAt(0) ?? 0)) % 360
  return hue
}

function appsOf(all: readonly App[], isKnown: boolean): Apps {
  const byId = new Map(all.map((app) => [app.id, app]))
  return { all, of: (id) => byId.get(id), isKnown }
}
