/** Texts in a language: what a key says, with `{name}` where a value goes. */
export type Texts<Key extends string = string> = Readonly<Record<Key, string>>
export type Values = Readonly<Record<string, string | number>>

/** Says a text in the language of its reader. A key that does not exist does not compile. */
export type Say<Key extends string> = (key: Key, values?: Values) => string

export type Locale = 'en' | 'es'
export const locales: readonly Locale[] = ['en', 'es']

/** The same keys in every language; the compiler sees to it. */
export type Messages<Key extends string> = Readonly<Record<Locale, Texts<Key>>>

export function createSay<Key extends string>(messages: Messages<Key>, locale: Locale): Say<Key> {
  const texts = messages[locale]
  return (key, values) => fill(texts[key], values)
}

/** The first language of the reader's that there is; English where there is none. */
export function localeFor(preferred: readonly string[]): Locale {
  for (const tag of preferred) {
    const found = locales.find((locale) => tag.toLowerCase().split('-')[0] === locale)
    if (found !== undefined) return found
  }
  return 'en'
}

/** The names that a text wants values for. */
export function placesOf(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string).sort()
}

function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
