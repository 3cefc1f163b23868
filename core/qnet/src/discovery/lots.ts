import { compareBytes, concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { hashBlake3 } from '@anarq/qlock'
import { type NodeId, nodeIdOf } from '../node-id.ts'
import type { NodeKeys } from '../record/index.ts'
import { vrfHash, vrfProofBytes, vrfVerify } from '../vrf.ts'

/**
 * The seed of a period: of the verifiable hashes (RFC 9381) that the elders of the state before have for it, the lowest one, hashed
 * (as a proposer's in Gilad et al., Algorand, 2017). A hash cannot be chosen, since the key was there before the seed that goes
 * into it; it can be withheld, and then the next lowest counts. So whoever has a share f of the elders has about f / (1 - f)
 * further seeds to choose from, k of them with a chance of f^k.
 */
export type LotBase = {
  readonly hash: Uint8Array
  readonly seed: Uint8Array
  readonly ids: ReadonlySet<NodeId>
}

/** A lot for a period, over a state of that hash. */
export type CastLot = { readonly period: number; readonly base: Uint8Array; readonly lot: Uint8Array }

export type Lots = {
  /** One's own, once for a period and a base: `undefined` where it would change nothing. */
  cast(period: number, base: LotBase): Uint8Array | undefined
  /** Whether it is the lowest so far. `invalid.proof` for one that proves nothing. */
  take(period: number, base: LotBase, lot: Uint8Array): boolean
  /** What the seed is made of, as far as it is heard of here. */
  lowest(period: number, base: Pick<LotBase, 'hash'>): Uint8Array | undefined
  /** Periods before it are over. */
  forgetBefore(period: number): void
}

/** Public key || proof. */
export const lotBytes: number = 32 + vrfProofBytes
const lotLabel = fromUtf8('anarq network state lot v1')
const seedLabel = fromUtf8('anarq network state seed v1')
const noLotLabel = fromUtf8('anarq network state seed without lot v1')
/** In a large network only those cast a lot whose hash may be the lowest: all others' chance is e^-32. */
const castersWanted = 32

export function createLots(keys: NodeKeys): Lots {
  type Held = { baseHash: Uint8Array; isCast: boolean; lot?: Uint8Array; hash?: Uint8Array }
  const held = new Map<number, Held>()
  const of = (period: number, { hash: baseHash }: Pick<LotBase, 'hash'>): Held => {
    const known = held.get(period)
    if (known !== undefined && equalBytes(known.baseHash, baseHash)) return known
    const fresh = { baseHash, isCast: false }
    held.set(period, fresh)
    return fresh
  }
  const isLower = (hash: Uint8Array, than: Held): boolean =>
    than.hash === undefined || compareBytes(hash, than.hash) < 0
  return {
    cast(period, base) {
      const entry = of(period, base)
      if (entry.isCast) return undefined
      entry.isCast = true
      if (!base.ids.has(keys.id)) return undefined
      const proof = keys.draw(alphaOf(base.seed, period))
      const hash = vrfHash(proof)
      const first = new DataView(hash.buffer, hash.byteOffset).getBigUint64(0)
      if (first * BigInt(base.ids.size) >= BigInt(castersWanted) << 64n || !isLower(hash, entry))
        return undefined
      entry.lot = concatBytes(keys.publicKey, proof)
      entry.hash = hash
      return entry.lot
    },
    take(period, base, lot) {
      const entry = of(period, base)
      const { id, proof } = readLot(lot)
      if (!base.ids.has(id)) throw new Fault('invalid.proof', 'A lot was cast by a node that has none.')
      // Verifying takes milliseconds: what would change nothing is not verified.
      if (!isLower(vrfHash(proof), entry)) return false
      entry.hash = verifyLot(lot, base.seed, period)
      entry.lot = lot.slice()
      return true
    },
    lowest: (period, base) => of(period, base).lot,
    forgetBefore(period) {
      for (const one of held.keys()) if (one < period) held.delete(one)
    },
  }
}

/** Without a lot, as in the very first period of a network, the seed follows from what is known: it is none that nobody could know. */
export function seedOf(period: number, baseHash: Uint8Array, lot: Uint8Array | undefined): Uint8Array {
  if (lot === undefined) return hashBlake3(noLotLabel, concatBytes(baseHash, periodBytes(period)))
  return hashBlake3(seedLabel, vrfHash(readLot(lot).proof))
}

export function readLot(lot: Uint8Array): { id: NodeId; publicKey: Uint8Array; proof: Uint8Array } {
  if (lot.length !== lotBytes) throw new Fault('invalid.shape', `A lot has ${lotBytes} bytes.`)
  const publicKey = lot.subarray(0, 32)
  return { id: nodeIdOf(publicKey), publicKey, proof: lot.subarray(32) }
}

/** The hash that it proves. Some milliseconds. Throws `invalid.proof`. */
export function verifyLot(lot: Uint8Array, baseSeed: Uint8Array, period: number): Uint8Array {
  const { publicKey, proof } = readLot(lot)
  const hash = vrfVerify(publicKey, alphaOf(baseSeed, period), proof)
  if (hash === undefined) throw new Fault('invalid.proof', 'A lot does not prove what it says.')
  return hash
}

/** Of the seed alone: with the set in it, whoever adds nodes to the set could try many. */
function alphaOf(baseSeed: Uint8Array, period: number): Uint8Array {
  return concatBytes(lotLabel, baseSeed, periodBytes(period))
}

function periodBytes(period: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, period)
  return bytes
}
