import { Fault } from '@anarq/fault'

const tagCharactersMax = 64

/** A tag as it is kept: NFC, 1 to 64 characters, no control characters. */
export function checkTag(tag: string): string {
  const kept = tag.normalize('NFC').trim()
  const isGood =
    kept.length > 0 &&
    kept.length <= tagCharactersMax &&
    kept.isWellFormed() &&
    !/[\u0000-\u001f\u007f]/.test(kept)
  if (isGood) return kept
  throw new Fault(
    'invalid.tag',
    `A tag has 1 to ${tagCharactersMax} characters and no line breaks. Choose another.`,
  )
}
