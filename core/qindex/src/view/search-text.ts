/**
 * Text as it is searched: without case, accents and compatibility forms. Views on a database store folded text and
 * search it with folded queries, so that every view finds the same.
 */
export function foldText(text: string): string {
  return text.normalize('NFKD').toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '')
}

/**
 * The words of a text, folded: runs of letters and digits. Where a script writes no spaces (Han, kana, Thai), each
 * character is a word.
 */
export function searchWords(text: string): string[] {
  return foldText(text).match(wordPattern) ?? []
}

/** Words in one string, each with a space before it: a word that begins with `x` is found as `' x'`. */
export function searchable(texts: Iterable<string>): string {
  let joined = ''
  for (const text of texts) for (const word of searchWords(text)) joined += ` ${word}`
  return `${joined} `
}

/** The `searchable` texts of one entry. */
export type SearchTexts = { readonly name: string; readonly tags: string; readonly body: string }

/**
 * How well an entry answers folded words; 0 when one of them is nowhere. For each word the best place counts: the
 * name 8, tags 6, elsewhere 2, for a beginning of a word half of that.
 */
export function scoreText(words: readonly string[], { name, tags, body }: SearchTexts): number {
  let score = 0
  for (const word of words) {
    const best = Math.max(scoreIn(name, word, 8), scoreIn(tags, word, 6), scoreIn(body, word, 2))
    if (best === 0) return 0
    score += best
  }
  return score
}

/** The order of names: folded first, so that "ábaco" stands beside "Abacus". Text order by UTF-8 bytes, as databases have it. */
export function nameKey(name: string): string {
  return foldText(name)
}

/** By Unicode code point, which is the order of UTF-8 bytes and of SQLite's BINARY; `<` on strings is not, past U+D7FF. */
export function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const [unitA, unitB] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (unitA !== unitB) return rankOf(unitA) - rankOf(unitB)
  }
  return a.length - b.length
}

const spaceless = '[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Thai}]'
const wordPattern = new RegExp(`(?=[\\p{L}\\p{N}])${spaceless}|(?:(?!${spaceless})[\\p{L}\\p{N}])+`, 'gu')

function scoreIn(words: string, word: string, whole: number): number {
  if (!words.includes(` ${word}`)) return 0
  return words.includes(` ${word} `) ? whole : whole / 2
}

/** Surrogates stand for code points above all others. */
function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
