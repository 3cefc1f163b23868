import { toHex } from '@anarq/bytes'
import type { Random } from '@anarq/random'

/**
 * Addresses under which a browser loads the files of an app: a frame of an origin of its own cannot sign requests, so
 * what lets it load is that nobody can guess where from. There is nothing of the person's at them, only the app's own files.
 */
export type Launches = {
  keyOf(app: string): string
  appOf(key: string): string | undefined
  end(app: string): void
  endAll(): void
}

const keyBytes = 16

export function createLaunches(random: Random): Launches {
  const byApp = new Map<string, string>()
  const byKey = new Map<string, string>()
  const end = (app: string): void => {
    const key = byApp.get(app)
    if (key !== undefined) byKey.delete(key)
    byApp.delete(app)
  }
  return {
    keyOf(app) {
      const key = byApp.get(app) ?? toHex(random.bytes(keyBytes))
      byApp.set(app, key)
      byKey.set(key, app)
      return key
    },
    appOf: (key) => byKey.get(key),
    end,
    endAll() {
      byApp.clear()
      byKey.clear()
    },
  }
}
