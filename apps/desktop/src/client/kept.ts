/**
 * What the shell keeps of a person in the node, in storage of its own (`app:/`): tastes, where windows lie, the tour. Another
 * browser finds it there. What is read back is an outsider's, like anything that is stored.
 */
import type { Preferences } from '@anarq/design'
import type { StorageSdk } from '@anarq/sdk'
import { readTastes } from './preferences.ts'

export type Kept = {
  /** Undefined where nothing was kept yet. */
  readonly preferences: Preferences | undefined
  readonly layout: unknown
  /** Due from the first run until it was seen or skipped. */
  readonly isTourDue: boolean
}

export type Keeper = {
  load(languages: readonly string[]): Promise<Kept>
  keepPreferences(preferences: Preferences): Promise<void>
  keepLayout(layout: unknown): Promise<void>
  keepTour(isDue: boolean): Promise<void>
}

const bytesMax = 100_000
/** So many versions of one of these files are kept, then it begins anew: nobody looks at an old place of a window. */
const versionsMax = 100
const places = {
  preferences: 'app:/preferences.json',
  layout: 'app:/layout.json',
  tour: 'app:/tour.json',
} as const

/** A store that is away or full costs the memory of a taste, and nothing else. */
export function createKeeper(storage: Pick<StorageSdk, 'read' | 'write' | 'remove'>): Keeper {
  const written = new Map<string, string>()
  const read = async (path: string): Promise<unknown> => {
    try {
      const { bytes } = await storage.read({ path })
      if (bytes.length > bytesMax) return undefined
      const text = new TextDecoder().decode(bytes)
      const value: unknown = JSON.parse(text)
      written.set(path, text)
      return value
    } catch {
      return undefined
    }
  }
  const write = async (path: string, value: unknown): Promise<void> => {
    const text = JSON.stringify(value)
    if (written.get(path) === text) return
    written.set(path, text)
    const file = { path, bytes: new TextEncoder().encode(text), type: 'application/json' }
    try {
      const { entry } = await storage.write(file)
      if (entry.versions <= versionsMax) return
      await storage.remove({ path, isForever: true })
      await storage.write(file)
    } catch {
      written.delete(path)
    }
  }
  return {
    async load(languages) {
      const [preferences, layout, tour] = await Promise.all([
        read(places.preferences),
        read(places.layout),
        read(places.tour),
      ])
      return {
        preferences: preferences === undefined ? undefined : readTastes(preferences, languages),
        layout,
        isTourDue: typeof tour === 'object' && tour !== null && 'isDue' in tour && tour.isDue === true,
      }
    },
    keepPreferences: (preferences) => write(places.preferences, preferences),
    keepLayout: (layout) => write(places.layout, layout),
    keepTour: (isDue) => write(places.tour, { isDue }),
  }
}
