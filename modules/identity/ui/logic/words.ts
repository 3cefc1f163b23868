/** The 24 fields of the recovery drill. */
export const wordsCount = 24

export const noWords: readonly string[] = Array.from({ length: wordsCount }, () => '')

/** What was typed or pasted into one field: several words fill the following ones. */
export function spread(words: readonly string[], index: number, typed: string): readonly string[] {
  const parts = typed.trim().split(/\s+/)
  if (parts.length === 1) return words.with(index, typed.trim().toLowerCase())
  const changed = [...words]
  for (const [offset, part] of parts.entries())
    if (index + offset < wordsCount) changed[index + offset] = part.toLowerCase()
  return changed
}

export function missingOf(words: readonly string[]): number {
  return words.filter((word) => word === '').length
}

export function phraseOf(words: readonly string[]): string {
  return words.join(' ')
}

type Drill = { readonly atMs: number; readonly verdict: string }

/** When it went right last, and whether a wrong try came after. Entries come newest first. */
export function lastDrill(entries: readonly Drill[]): { rightMs?: number; wrongMs?: number } {
  const right = entries.find(({ verdict }) => verdict === 'ok')
  const [newest] = entries
  return {
    ...(right === undefined ? {} : { rightMs: right.atMs }),
    ...(newest === undefined || newest === right ? {} : { wrongMs: newest.atMs }),
  }
}
