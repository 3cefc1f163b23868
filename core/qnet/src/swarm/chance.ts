import type { Random } from '@anarq/random'

/** From 0 to below 1. */
export function fraction(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4)
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 0x1_0000_0000
}

/** So many of them, each at most once, in an order of chance. */
export function pick<T>(from: readonly T[], count: number, random: Random): T[] {
  const rest = [...from]
  const picked: T[] = []
  while (picked.length < count && rest.length > 0)
    picked.push(...rest.splice(Math.floor(fraction(random) * rest.length), 1))
  return picked
}
