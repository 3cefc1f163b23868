import type { PutFile } from '@anarq/flows'
import { mediaTypeOf } from './media-type.ts'

const wordsMax = 64
const wordCharactersMin = 3
const wordCharactersMax = 32
const decoder = new TextDecoder('utf-8')

/** The first different words of a text, so that a search finds it by what it says; nothing for what is no text. */
export function wordsOf(file: PutFile, head: Uint8Array): string | undefined {
  const type = file.type ?? mediaTypeOf(file.path)
  if (!type.startsWith('text/') && type !== 'application/json') return undefined
  const words = new Set<string>()
  for (const [word] of decoder
    .decode(head)
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    if (word.length < wordCharactersMin || word.length > wordCharactersMax) continue
    words.add(word)
    if (words.size === wordsMax) break
  }
  return words.size === 0 ? undefined : [...words].join(' ')
}
