const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const base = 58
/** The most digits whose value a double still holds exactly: 58^9 < 2^53. */
const groupDigits = 9
const groupBits = groupDigits * Math.log2(base)

/** 58 to the power of so many groups: each is needed again and again on the way down, and on the way up. */
type Powers = Map<number, bigint>

/**
 * Bitcoin's alphabet (https://datatracker.ietf.org/doc/html/draft-msporny-base58-03), without a multibase prefix.
 * Halves the number until a group of digits is left, so that documents of some kilobytes take well under a
 * millisecond.
 */
export function toBase58(bytes: Uint8Array): string {
  let zeros = 0
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1
  const ones = '1'.repeat(zeros)
  if (zeros === bytes.length) return ones
  const groups = Math.ceil((8 * (bytes.length - zeros)) / groupBits)
  return ones + digitsOf(BigInt(`0x${bytes.toHex()}`), groups, new Map()).replace(/^1+/, '')
}

/** Throws `SyntaxError` on a character outside the alphabet. */
export function fromBase58(text: string): Uint8Array {
  let zeros = 0
  while (zeros < text.length && text[zeros] === '1') zeros += 1
  const value = numberOf(text, zeros, text.length, new Map())
  const hex = value === 0n ? '' : value.toString(16)
  const body = Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`)
  const bytes = new Uint8Array(zeros + body.length)
  bytes.set(body, zeros)
  return bytes
}

const digitOfUnit = new Int8Array(128).fill(-1)
for (let digit = 0; digit < base; digit += 1) digitOfUnit[alphabet.charCodeAt(digit)] = digit

/** Exactly so many groups, with zeros in front where the number is smaller. */
function digitsOf(value: bigint, groups: number, powers: Powers): string {
  if (groups === 1) return groupText(Number(value))
  const low = groups >> 1
  const size = powerOf(low, powers)
  const high = value / size
  return digitsOf(high, groups - low, powers) + digitsOf(value - high * size, low, powers)
}

function groupText(group: number): string {
  let rest = group
  let text = ''
  for (let i = 0; i < groupDigits; i += 1) {
    const more = Math.floor(rest / base)
    text = (alphabet[rest - base * more] as string) + text
    rest = more
  }
  return text
}

function numberOf(text: string, from: number, to: number, powers: Powers): bigint {
  const groups = Math.ceil((to - from) / groupDigits)
  if (groups <= 1) return BigInt(groupValue(text, from, to))
  const low = groups >> 1
  const middle = to - low * groupDigits
  return numberOf(text, from, middle, powers) * powerOf(low, powers) + numberOf(text, middle, to, powers)
}

function groupValue(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i += 1) {
    const digit = digitOfUnit[text.charCodeAt(i)] ?? -1
    if (digit < 0) throw new SyntaxError(`"${text[i]}" is not in base58`)
    value = base * value + digit
  }
  return value
}

function powerOf(groups: number, powers: Powers): bigint {
  let power = powers.get(groups)
  if (power === undefined) {
    power = BigInt(base) ** BigInt(groups * groupDigits)
    powers.set(groups, power)
  }
  return power
}
