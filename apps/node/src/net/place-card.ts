import { fromUtf8 } from '@anarq/bytes'
import { decodeCbor, encodeCbor, readFields } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import { type Card, type CardRules, createCardReader, searchCard } from '@anarq/qnet/swarm'
import type { Ground } from './ground.ts'

/** MasterNet's one period so far; decision 18 says what it means that its seed is known beforehand. */
const period = 1
const periodSeed = hashBlake3(fromUtf8('anarq masternet, period 1'))
/** Somewhat less than a second of one processor, once for a machine. */
export const placeWorkBits = 18
const triesAtOnce = 2000

export function placeRules(workBits: number): CardRules {
  return { seedOf: (of) => (of === period ? periodSeed : undefined), workBits }
}

/**
 * This node's card: the one that it had, or a new one, paid for in slices so that the node goes on meanwhile. `undefined` where it was
 * stopped first.
 */
export async function placeCard(
  { keys, world, kept }: Pick<Ground, 'keys' | 'world' | 'kept'>,
  rules: CardRules,
  isStopped: () => boolean,
): Promise<Card | undefined> {
  const before = cardBefore(kept.get('swarm'), keys.publicKey, rules)
  if (before !== undefined) return before
  const search = searchCard(keys.publicKey, period, rules, world.random)
  while (!isStopped()) {
    const card = search.step(triesAtOnce)
    if (card !== undefined) {
      kept.set('swarm', encodeCbor({ v: 1, card: [card.publicKey, card.period, card.work] }))
      return card
    }
    await new Promise<void>((resolve) => void world.after(0, resolve))
  }
  return undefined
}

/** One of another key, another period or too little work is none. */
function cardBefore(
  bytes: Uint8Array | undefined,
  publicKey: Uint8Array,
  rules: CardRules,
): Card | undefined {
  try {
    if (bytes === undefined) return undefined
    const card = createCardReader(rules)(readFields(decodeCbor(bytes), ['v', 'card'], 'The kept card').card)
    return card.publicKey.toHex() === publicKey.toHex() ? card : undefined
  } catch {
    return undefined
  }
}
