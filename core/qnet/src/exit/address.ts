/** IP addresses as bytes: 4 or 16. Every spelling that some resolver or socket library understands is understood here. */
export type Address = Uint8Array

/**
 * IPv4 as `inet_aton` reads it and WHATWG URL section 3.5 describes it: one to four parts, each decimal, octal (`0…`) or
 * hexadecimal (`0x…`), the last one filling what is left. Undefined: no address in any of these spellings.
 */
export function parseIpv4(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length > 4) return undefined
  const numbers = parts.map(numberOf)
  if (numbers.some((number) => number === undefined)) return undefined
  const last = numbers.pop() as number
  const heads = numbers as number[]
  if (heads.some((number) => number > 255) || last >= 256 ** (4 - heads.length)) return undefined
  const value = heads.reduce((sum, number, place) => sum + number * 256 ** (3 - place), last)
  return Uint8Array.of(value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value)
}

function numberOf(text: string): number | undefined {
  if (/^0x[0-9a-f]{0,12}$/i.test(text)) return Number.parseInt(`0${text.slice(2)}`, 16)
  if (/^0[0-7]{1,16}$/.test(text)) return Number.parseInt(text, 8)
  return /^(0|[1-9][0-9]{0,12})$/.test(text) ? Number(text) : undefined
}

/** IPv6 as RFC 4291 section 2.2, an IPv4 address at its end or not. Zone ids (RFC 4007) are left off. */
export function parseIpv6(text: string): Address | undefined {
  const bare = text.replace(/%.*$/s, '')
  const dotted = /^(.*:)([0-9]{1,3}(?:\.[0-9]{1,3}){3})$/.exec(bare)
  const tail = dotted?.[2] === undefined ? undefined : parseIpv4(dotted[2])
  if (dotted !== null && tail === undefined) return undefined
  const groupText = tail === undefined ? bare : `${dotted?.[1]}${hex2(tail, 0)}:${hex2(tail, 2)}`
  const halves = groupText.split('::')
  if (halves.length > 2) return undefined
  const [front, back] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const groups = [...(front ?? []), ...(back ?? [])]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  if (back === undefined ? groups.length !== 8 : groups.length > 7) return undefined
  const zeros = Array<string>(8 - groups.length).fill('0')
  const all = [...(front ?? []), ...zeros, ...(back ?? [])]
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16)]),
  )
}

/** The one spelling that goes to a socket. */
export function textOfAddress(address: Address): string {
  if (address.length === 4) return address.join('.')
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) groups.push(hex2(address, at))
  return groups.join(':')
}

function hex2(bytes: Uint8Array, at: number): string {
  return (((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16)
}

type Range = readonly [first: readonly number[], bits: number]

/** IANA's special-purpose registry of IPv4, with multicast and what is reserved. */
const ipv4Closed: readonly Range[] = [
  [[0], 8],
  [[10], 8],
  [[100, 64], 10],
  [[127], 8],
  [[169, 254], 16],
  [[172, 16], 12],
  [[192, 0, 0], 24],
  [[192, 0, 2], 24],
  [[192, 88, 99], 24],
  [[192, 168], 16],
  [[198, 18], 15],
  [[198, 51, 100], 24],
  [[203, 0, 113], 24],
  [[224], 4],
  [[240], 4],
]
/** Of IPv6 only global unicast is open; in it lie protocols' own, Teredo, documentation, and 6to4. */
const ipv6Open: Range = [[0x20], 3]
const ipv6Closed: readonly Range[] = [
  [[0x20, 0x01, 0x00], 23],
  [[0x20, 0x01, 0x0d, 0xb8], 32],
  [[0x20, 0x02], 16],
  [[0x3f, 0xff, 0x00], 20],
]

/** Whether an address is one of the public internet's. Mapped, translated and embedded ones are not, whatever is in them. */
export function isPublic(address: Address): boolean {
  if (address.length === 4) return !ipv4Closed.some((range) => isIn(address, range))
  if (address.length !== 16 || !isIn(address, ipv6Open)) return false
  return !ipv6Closed.some((range) => isIn(address, range)) && !isIsatap(address)
}

/** RFC 5214 section 6.1: an interface identifier that is an IPv4 address behind 5efe. */
function isIsatap(address: Address): boolean {
  const head = (address[8] as number) & 0xfd
  return head === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe
}

function isIn(address: Address, [first, bits]: Range): boolean {
  for (let at = 0; at * 8 < bits; at += 1) {
    const mask = bits - at * 8 >= 8 ? 0xff : (0xff << (8 - (bits - at * 8))) & 0xff
    if ((((address[at] as number) ^ (first[at] ?? 0)) & mask) !== 0) return false
  }
  return true
}
