/** Installed apps as the shell knows its own: one definition each, another one whenever anything about it changed. */
import type { Sdk } from '@anarq/sdk/client'
import type { Client } from '../client/port.ts'
import { installedScreen } from './installed-screen.tsx'
import { type AnyApp, findApp, systemApps } from './registry.ts'

export type InstalledFacts = Awaited<ReturnType<Sdk['apps']['list']>>[number]
export type Remembered = Map<string, { readonly print: string; readonly app: AnyApp }>

/**
 * A definition stays the same object while its app does, so that windows go on; after an update, a roll back or another
 * permission it is another, and its windows begin anew with what holds now.
 */
export function installedApps(
  facts: readonly InstalledFacts[],
  client: Client,
  remembered: Remembered,
): readonly AnyApp[] {
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
  return isOn && ui !== undefined && findApp(systemApps, id) === undefined
}

function definitionOf(facts: InstalledFacts, client: Client): AnyApp {
  const { id, description, defaultSize, icon, isDevelopment } = facts
  // Wherever it is named, so that nobody takes what is being made for what was published.
  const name = isDevelopment ? `${facts.name} (dev)` : facts.name
  return {
    id,
    name: { en: name, es: name },
    about: { en: description, es: description },
    icon: icon === undefined ? 'window' : { src: icon },
    hue: hueOf(id),
    load: () => installedScreen(facts, client),
    ...(defaultSize === undefined ? {} : { size: defaultSize }),
  }
}

/** The same tile for the same app, wherever it is shown without a picture. */
function hueOf(id: string): number {
  let hash = 0
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0
  return hash % 360
}
