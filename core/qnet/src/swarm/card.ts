import { fromBase32, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { readArray, readBytes, readInt } from '@anarq/ipld'
import { hashBlake3 } from '@anarq/qlock'
import type { Random } from '@anarq/random'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import { type Place, placeOfNode } from './place.ts'

/** What makes a node a possible member: its key, the period it came in, and the work that it paid for that place. */
export type Card = {
  readonly id: NodeId
  readonly idBytes: Uint8Array
  readonly publicKey: Uint8Array
  readonly period: number
  readonly work: Uint8Array
  readonly place: Place
}

export type CardRules = {
  /** The seed of a period, agreed by the network; `undefined` where it is not known here, or too old. */
  seedOf(period: number): Uint8Array | undefined
  /** Leading zero bits that the hash of key, seed and nonce must have. */
  readonly workBits: number
}

const workBytes = 8
const workLabel = fromUtf8('anarq swarm work v1\n')

/** Pays the work: 2^bits hashes on average. `invalid.period` where the period's seed is not known. */
export function createCard(publicKey: Uint8Array, period: number, rules: CardRules, random: Random): Card {
  const search = searchCard(publicKey, period, rules, random)
  for (;;) {
    const card = search.step(1024)
    if (card !== undefined) return card
  }
}

/** The same in slices, so that a node goes on meanwhile: `step` says the card once it is paid for. */
export function searchCard(
  publicKey: Uint8Array,
  period: number,
  rules: CardRules,
  random: Random,
): { step(tries: number): Card | undefined } {
  const seed = rules.seedOf(period)
  if (seed === undefined)
    throw new Fault('invalid.period', 'The seed of this period is not known yet. Wait for the network state.')
  const work = random.bytes(workBytes)
  const view = new DataView(work.buffer, work.byteOffset)
  return {
    step(tries) {
      for (let i = 0; i < tries; i += 1) {
        if (zeroBits(workHash(publicKey, seed, work)) >= rules.workBits)
          return cardOf(publicKey, period, work.slice(), seed)
        view.setUint32(4, (view.getUint32(4) + 1) >>> 0)
      }
      return undefined
    },
  }
}

/** As it stands in messages. */
export function encodeCard({ publicKey, period, work }: Card): readonly unknown[] {
  return [publicKey, period, work]
}

/** Strict, and the work is checked: `invalid.card` else. */
function readCard(value: unknown, rules: CardRules): Card {
  const [key, periodRead, workRead, ...rest] = readArray(value, 'a card', { max: 3 })
  const publicKey = readBytes(key, 'its key', { length: 32 })
  const period = readInt(periodRead, 'its period', { max: 0xffff_ffff })
  const work = readBytes(workRead, 'its work', { length: workBytes })
  const seed = rules.seedOf(period)
  if (rest.length > 0 || seed === undefined || zeroBits(workHash(publicKey, seed, work)) < rules.workBits)
    throw new Fault('invalid.card', 'A node showed a card without the work for its period.')
  return cardOf(publicKey, period, work, seed)
}

/** A reader that remembers what it checked: the same members come again with every view. */
export function createCardReader(rules: CardRules, keptMax = 4096): (value: unknown) => Card {
  const kept = new Map<string, Card>()
  return (value) => {
    const [key, period, work] = readArray(value, 'a card', { max: 3 })
    const isShaped = key instanceof Uint8Array && work instanceof Uint8Array && typeof period === 'number'
    const name = isShaped ? `${key.toHex()}${period}${work.toHex()}` : ''
    // A seed that is too old makes the card too old as well.
    const known = isShaped && rules.seedOf(period) !== undefined ? kept.get(name) : undefined
    if (known !== undefined) return known
    const card = readCard(value, rules)
    kept.set(name, card)
    if (kept.size > keptMax) kept.delete(kept.keys().next().value as string)
    return card
  }
}

function cardOf(publicKey: Uint8Array, period: number, work: Uint8Array, seed: Uint8Array): Card {
  const id = nodeIdOf(publicKey)
  return { id, idBytes: fromBase32(id), publicKey, period, work, place: placeOfNode(publicKey, seed) }
}

function workHash(publicKey: Uint8Array, seed: Uint8Array, work: Uint8Array): Uint8Array {
  return hashBlake3(workLabel, seed, publicKey, work)
}

function zeroBits(hash: Uint8Array): number {
  let bits = 0
  for (const byte of hash) {
    bits += Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return bits
}
