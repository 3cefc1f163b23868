/** Tastes, kept in this browser for each identity: how things look and where windows lie. Never a secret, never content. */
import type { Preferences } from '@anarq/design'
import { localeFor } from '@anarq/design/messages'

export type Store = Pick<Storage, 'getItem' | 'setItem'>

const choices = {
  theme: ['system', 'light', 'dark'],
  contrast: ['system', 'standard', 'more'],
  motion: ['system', 'full', 'reduced'],
  locale: ['en', 'es'],
} as const
const bytesMax = 100_000

export function readPreferences(store: Store, languages: readonly string[], who = 'last'): Preferences {
  const stored = readJson(store, `preferences.${who}`) ?? readJson(store, 'preferences.last')
  const found = typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {}
  return {
    theme: oneOf(choices.theme, found.theme, 'system'),
    contrast: oneOf(choices.contrast, found.contrast, 'system'),
    motion: oneOf(choices.motion, found.motion, 'system'),
    locale: oneOf(choices.locale, found.locale, localeFor(languages)),
  }
}

/** The last ones are also those of the locked screen, before anybody is known. */
export function writePreferences(store: Store, preferences: Preferences, who: string | undefined): void {
  writeJson(store, 'preferences.last', preferences)
  if (who !== undefined) writeJson(store, `preferences.${who}`, preferences)
}

export function readJson(store: Store, name: string): unknown {
  try {
    const text = store.getItem(`anarq.${name}`)
    return text === null || text.length > bytesMax ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A full or forbidden store costs the memory of a taste, and nothing else. */
export function writeJson(store: Store, name: string, value: unknown): void {
  try {
    store.setItem(`anarq.${name}`, JSON.stringify(value))
  } catch {
    // Nothing depends on it.
  }
}

function oneOf<const Values extends readonly string[]>(
  values: Values,
  value: unknown,
  otherwise: Values[number],
): Values[number] {
  return values.includes(value as Values[number]) ? (value as Values[number]) : otherwise
}
