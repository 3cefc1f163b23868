/** Names as people give them: which can be kept, and what a second one of the same name is called. */
export type NameProblem = 'empty' | 'slash' | 'dots' | 'control' | 'long' | 'taken'

const nameBytesMax = 255

/** `undefined` where the drive will take it. */
export function problemOfName(name: string, taken: ReadonlySet<string> = new Set()): NameProblem | undefined {
  const kept = name.trim().normalize('NFC')
  if (kept === '') return 'empty'
  if (kept.includes('/')) return 'slash'
  if (kept === '.' || kept === '..') return 'dots'
  if (/[\u0000-\u001f\u007f]/.test(kept)) return 'control'
  if (new TextEncoder().encode(kept).length > nameBytesMax) return 'long'
  return taken.has(kept) ? 'taken' : undefined
}

export type NameParts = { readonly stem: string; readonly ending: string }

/** "photo.tar.gz" ends with ".tar.gz"; ".profile" and "v1.2 notes" have no ending. */
export function splitName(name: string): NameParts {
  const match = /^(.+?)((?:\.tar)?\.[A-Za-z0-9]{1,8})$/.exec(name)
  return match === null
    ? { stem: name, ending: '' }
    : { stem: match[1] as string, ending: match[2] as string }
}

/** "report (2).pdf", past whatever is there already; a name that has a number counts on. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  const { stem, ending } = splitName(name)
  const numbered = /^(.*) \((\d{1,6})\)$/.exec(stem)
  const base = numbered?.[1] ?? stem
  for (let number = Number(numbered?.[2] ?? 1) + 1; ; number += 1) {
    const suffix = ` (${number})${ending}`
    const candidate = clipped(base, nameBytesMax - new TextEncoder().encode(suffix).length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}

function clipped(text: string, bytesMax: number): string {
  const characters = [...text]
  const encoder = new TextEncoder()
  while (encoder.encode(characters.join('')).length > bytesMax) characters.pop()
  return characters.join('')
}

export type NamePieces = { readonly start: string; readonly end: string }

/** A long name keeps its end in sight, where the number and the ending are: the start gives way. */
export function middleOf(name: string, endCharacters = 10): NamePieces {
  const { stem, ending } = splitName(name)
  const characters = [...stem]
  const kept = Math.max(0, endCharacters - ending.length)
  if (characters.length <= kept + 6) return { start: name, end: '' }
  return {
    start: characters.slice(0, characters.length - kept).join(''),
    end: characters.slice(characters.length - kept).join('') + ending,
  }
}
