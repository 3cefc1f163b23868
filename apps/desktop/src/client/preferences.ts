/**
 * Tastes, and the copy of them that this browser holds so that the locked screen looks as before: how things look, in which
 * language. What is kept for good lies in the node: see `kept.ts`.
 */
import type { Preferences } from '@anarq/design'
import { localeFor } from '@anarq/design/messages'

export type Store = Pick<Storage, 'getItem' | 'setItem'>

const choices = {
  theme: ['system', 'light', 'dark'],
  contrast: ['system', 'standard', 'more'],
  motion: ['system', 'full', 'reduced'],
  locale: ['en', 'es'],
} as const
const bytesMax = 10_000
const place = 'anarq.preferences.last'

export function readTastes(value: unknown, languages: readonly string[]): Preferences {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  return {
    theme: oneOf(choices.theme, found.theme, 'system'),
    contrast: oneOf(choices.contrast, found.contrast, 'system'),
    motion: oneOf(choices.motion, found.motion, 'system'),
    locale: oneOf(choices.locale, found.locale, localeFor(languages)),
  }
}

/** Those of whoever was here last, for the first picture. */
export function lastPreferences(store: Store, languages: readonly string[]): Preferences {
  return readTastes(readJson(store), languages)
}

export function rememberPreferences(store: Store, preferences: Preferences): void {
  try {
    store.setItem(place, JSON.stringify(preferences))
  } catch {
    // A full or forbidden store costs the first picture its theme, and nothing else.
  }
}

function readJson(store: Store): unknown {
  try {
    const text = store.getItem(place)
    return text === null || text.length > bytesMax ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

function oneOf<const Values extends readonly string[]>(
  values: Values,
  value: unknown,
  otherwise: Values[number],
): Values[number] {
  return values.includes(value as Values[number]) ? (value as Values[number]) : otherwise
}
