/** What would let a text show as something else than it is: it moves, hides or joins characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u
/** Joins emoji to one picture; nowhere else of use in a name. */
const emojiJoined = /(?<=\p{Extended_Pictographic}\ufe0f?)\u200d(?=\p{Extended_Pictographic})/gu

/** Why a text of one line cannot be shown to people as it is, or undefined where it can. */
export function faultOfText(text: string, charactersMax: number): string | undefined {
  const count = [...text].length
  if (count === 0) return 'is empty'
  if (count > charactersMax) return `has more than ${charactersMax} characters`
  if (unseen.test(text.replace(emojiJoined, '')))
    return 'holds control characters, or characters that are not seen or change the direction of writing'
  if (text.normalize('NFC') !== text) return 'is not in Unicode normal form C'
  if (text.trim() !== text || /\p{Zs}{2}/u.test(text)) return 'has spaces at an end, or two in a row'
  return undefined
}
