import type { Random } from '@anarq/random'

export function uint32(random: Random): number {
  return new DataView(random.bytes(4).buffer).getUint32(0)
}

/** `count` of them by chance, each once. */
export function pick<T>(random: Random, from: Iterable<T>, count: number): T[] {
  const left = [...from]
  const picked: T[] = []
  while (picked.length < count && left.length > 0) {
    const i = uint32(random) % left.length
    picked.push(left[i] as T)
    left[i] = left.at(-1) as T
    left.pop()
  }
  return picked
}

/** Waiting times of what happens at random moments, `meanMs` apart on average: what just happened tells nothing of the next time. */
export function waitMs(random: Random, meanMs: number): number {
  return -meanMs * Math.log((uint32(random) + 1) / 0x1_0000_0000)
}
