/** How hard a passphrase is to guess: in bits, for whoever tries words and patterns first. */
export type StrengthLevel = 'empty' | 'weak' | 'fair' | 'good' | 'strong'
export type StrengthFacts = { readonly bits: number; readonly level: StrengthLevel }

/** Each guess costs Argon2id with 64 MiB, so that 45 bits are thousands of processor years. */
const levels = [
  { bits: 65, level: 'strong' },
  { bits: 45, level: 'good' },
  { bits: 30, level: 'fair' },
] as const

/** Those that every list starts with, in English and Spanish: each is worth next to nothing. */
const common =
  'password passwort contraseña contrasena passphrase secret secreto welcome bienvenido letmein iloveyou teamo tequiero admin login qwerty azerty asdf zxcv monkey dragon football futbol baseball master hello hola sunshine princess princesa shadow michael superman batman trustno starwars barcelona madrid españa espana mexico argentina alejandro carlos maria summer winter verano invierno anarq anarchy anarquia abc123 test prueba'.split(
    ' ',
  )
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  '09876543210',
  'qwertyuiop',
  'asdfghjklñ',
  'zxcvbnm',
  'azertyuiop',
]
const wordBits = 11.5
const commonBits = 7
const caseBits = 1.5

export function strengthOf(passphrase: string): StrengthFacts {
  if (passphrase.length === 0) return { bits: 0, level: 'empty' }
  const byLetters = bitsOfText(passphrase)
  const words = passphrase.split(/[\s\-_.,+/]+/).filter((word) => word.length > 0)
  const bits = Math.min(byLetters, words.length > 1 ? bitsOfWords(words) : byLetters)
  const level = passphrase.length < 8 ? 'weak' : (levels.find((one) => bits >= one.bits)?.level ?? 'weak')
  return { bits: Math.round(bits), level }
}

/** A word that comes twice counts once; a word of letters is one out of a list, however long it is. */
function bitsOfWords(words: readonly string[]): number {
  const different = new Set(words.map((word) => word.toLowerCase()))
  let bits = 0
  for (const word of different) {
    const guessed = common.includes(word) ? commonBits : /^\p{L}+$/u.test(word) ? wordBits : bitsOfText(word)
    bits += Math.min(guessed, bitsOfText(word))
  }
  return words.some((word) => /\p{Lu}/u.test(word)) ? bits + caseBits : bits
}

function bitsOfText(text: string): number {
  const lower = text.toLowerCase()
  let rest = lower
  let bits = 0
  for (const word of common) {
    if (!rest.includes(word)) continue
    rest = rest.replaceAll(word, ' ')
    bits += commonBits
  }
  const perLetter = Math.log2(alphabetOf(text))
  let before = ''
  for (const letter of rest) {
    if (letter === ' ' && !lower.includes(' ')) {
      before = ''
      continue
    }
    bits += follows(before, letter) ? 1 : perLetter
    before = letter
  }
  return Math.min(bits, new Set(text).size * perLetter * 1.6)
}

/** True for what one could have typed without thinking: the same key again, or the next one of a row. */
function follows(before: string, letter: string): boolean {
  if (before === '') return false
  if (before === letter) return true
  return rows.some((row) => row.includes(before + letter) || row.includes(letter + before))
}

function alphabetOf(text: string): number {
  let size = 0
  if (/\p{Ll}/u.test(text)) size += 26
  if (/\p{Lu}/u.test(text)) size += 26
  if (/\d/.test(text)) size += 10
  if (/[^\p{L}\d]/u.test(text)) size += 20
  if (/[^\p{ASCII}]/u.test(text)) size += 20
  return Math.max(size, 10)
}
