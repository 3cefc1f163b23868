/**
 * What looks like what. A fold makes one spelling of all that a person reads as the same; it is small on purpose and
 * listed in docs/formats/wxa.md. It is no full table of Unicode's confusables (UTS 39), and needs none: names
 * are compared with the few that are installed, not with all there could be.
 */
export const confusables: readonly (readonly [letter: string, others: string])[] = [
  ['a', 'аαɑ@4'],
  ['b', 'вβь8'],
  ['c', 'сς¢'],
  ['d', 'ԁɗ'],
  ['e', 'єеεҽ3€'],
  ['f', 'ƒ'],
  ['g', 'ɡց9'],
  ['h', 'һնհ'],
  ['j', 'јϳ'],
  ['k', 'кκ'],
  ['l', 'iıіιɩ1|!ӏǀ'],
  ['m', 'м'],
  ['n', 'ոпηռ'],
  ['o', 'оοσ0օ°ө'],
  ['p', 'рρ'],
  ['q', 'ԛզ'],
  ['r', 'гя'],
  ['s', 'ѕ5$ꜱ'],
  ['t', 'тτ7'],
  ['u', 'υսцμ'],
  ['v', 'ѵν'],
  ['w', 'ѡԝωш'],
  ['x', 'хχ×'],
  ['y', 'уγү'],
  ['z', 'ʐ2'],
]
const letters: ReadonlyMap<string, string> = new Map(
  confusables.flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
)
/** Two letters that are read as one. */
const pairs = [
  ['rn', 'm'],
  ['vv', 'w'],
  ['cl', 'd'],
] as const

/** The one spelling of a name and of all that look like it; empty where nothing but marks is left. */
export function skeletonOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const folded = [...plain].map((one) => letters.get(one) ?? one).join('')
  const bare = folded.replace(/[^\p{L}\p{N}]/gu, '')
  return pairs.reduce((text, [pair, one]) => text.replaceAll(pair, one), bare)
}

/** Compared twice: with signs that stand for letters (`Ma!l`), and without any sign (`Mail!`, `Mail™`). */
export function areNamesAlike(a: string, b: string): boolean {
  // Names of signs alone have no letters to compare.
  if (a.normalize('NFKC') === b.normalize('NFKC')) return true
  const bare = (name: string): string => name.replace(/[\p{S}\p{P}]/gu, '')
  return isSameSkeleton(a, b) || isSameSkeleton(bare(a), bare(b))
}

function isSameSkeleton(a: string, b: string): boolean {
  const one = skeletonOf(a)
  return one !== '' && one === skeletonOf(b)
}

/** Ids differ by one slip of the hand, by what looks the same, or by nothing but the first of three or more labels. */
export function areIdsAlike(a: string, b: string): boolean {
  if (a === b) return false
  const fold = (id: string): string => id.split('.').map(skeletonOf).join('.')
  const [one, other] = [fold(a), fold(b)]
  if (isOneEditAway(one, other)) return true
  const [, ...rest] = one.split('.')
  return rest.length >= 2 && rest.join('.') === other.split('.').slice(1).join('.')
}

/** Equal, or made equal by adding, leaving out or changing one character, or by exchanging two neighbours. */
function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (left.length <= 1 && right.length <= 1) return true
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0]
}
