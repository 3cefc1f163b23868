import type { Random } from '@anarq/random'

/** What one draw among relays looks like: how uncertain its outcome is, and how much the likeliest has. */
export type Spread = {
  readonly relays: number
  /** Shannon's entropy of the draw. */
  readonly entropyBits: number
  /** Never below this. */
  readonly floorBits: number
  /** What an even draw would have. */
  readonly evenBits: number
  /** Of the likeliest relay, from 0 to 1. */
  readonly shareMost: number
}
export type SpreadSettings = {
  /** No relay is drawn more often than this, unless there are so few that it cannot be: then 1.5 times its even share. */
  readonly shareMax: number
  /** The floor of the entropy, as a part of what an even draw would have. */
  readonly evennessMin: number
}

const fewFactor = 1.5
const steps = 30

/**
 * Chances out of weights: what is above the cap goes to the others in their measure, and then so much of an even draw is mixed in
 * as the floor asks for. Entropy grows along the way to the even draw (it is concave and greatest there), so halving finds it.
 */
export function sharesOf(weights: readonly number[], { shareMax, evennessMin }: SpreadSettings): number[] {
  const count = weights.length
  if (count === 0) return []
  const capped = cap(weights, Math.min(1, Math.max(shareMax, fewFactor / count)))
  const floor = evennessMin * Math.log2(count)
  const mixed = (part: number): number[] => capped.map((share) => (1 - part) * share + part / count)
  if (entropyOf(capped) >= floor) return capped
  let [low, high] = [0, 1]
  for (let step = 0; step < steps; step += 1) {
    const middle = (low + high) / 2
    if (entropyOf(mixed(middle)) >= floor) high = middle
    else low = middle
  }
  return mixed(high)
}

export function spreadOf(shares: readonly number[], { evennessMin }: SpreadSettings): Spread {
  const evenBits = shares.length === 0 ? 0 : Math.log2(shares.length)
  return {
    relays: shares.length,
    entropyBits: entropyOf(shares),
    floorBits: evennessMin * evenBits,
    evenBits,
    shareMost: Math.max(0, ...shares),
  }
}

/** A place in the list, or -1 in an empty one. */
export function drawPlace(shares: readonly number[], random: Random): number {
  let left = fraction(random)
  for (let place = 0; place < shares.length; place += 1) {
    left -= shares[place] as number
    if (left < 0) return place
  }
  return shares.length - 1
}

/** From 0 to below 1. */
export function fraction(random: Random): number {
  return new DataView(random.bytes(4).buffer).getUint32(0) / 2 ** 32
}

function cap(weights: readonly number[], most: number): number[] {
  const isFull = weights.map(() => false)
  const positive = weights.map((weight) => (weight > 0 && Number.isFinite(weight) ? weight : 0))
  // A weight of nothing still is a relay that may be drawn: otherwise the cap could not be held by the rest.
  const least = Math.max(Number.MIN_VALUE, Math.max(0, ...positive) * 1e-6) || 1
  const all = positive.map((weight) => Math.max(weight, least))
  for (;;) {
    const full = isFull.filter(Boolean).length
    const rest = all.reduce((sum, weight, place) => sum + (isFull[place] ? 0 : weight), 0)
    const shares = all.map((weight, place) =>
      isFull[place] ? most : (weight / rest) * Math.max(0, 1 - full * most),
    )
    const over = shares.findIndex((share, place) => !isFull[place] && share > most * (1 + 1e-9))
    if (over < 0) return shares
    for (const [place, share] of shares.entries()) if (share > most * (1 + 1e-9)) isFull[place] = true
  }
}

function entropyOf(shares: readonly number[]): number {
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0)
}
