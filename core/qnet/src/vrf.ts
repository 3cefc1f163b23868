import { concatBytes, equalBytes, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives, wipe } from '@anarq/qlock'
import { type EdwardsPoint, edwards25519 } from '@anarq/qlock/edwards'

/**
 * ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381 section 5.5): a hash that only the holder of an Ed25519 key can compute and
 * everybody can verify, so that a draw by it can be neither steered nor denied.
 *
 * The key may be one that signs too, as a node's is: a proof's nonce is drawn from the key's prefix and the 32 bytes of a point,
 * so whoever signs with that key signs nothing of exactly 32 bytes (records, pointers and states here begin with a label).
 */
export const vrfProofBytes = 80
export const vrfHashBytes = 64

const suite = 3
const challengeBytes = 16
const { order } = edwards25519

/** 80 bytes: gamma || c || s, the same ones for the same key and `alpha`. `secret` is the 32-byte seed of RFC 8032. */
export function vrfProve(secret: Uint8Array, alpha: Uint8Array): Uint8Array {
  if (secret.length !== 32) throw new Fault('invalid.key', 'A secret key for draws has 32 bytes.')
  const expanded = primitives.sha512(secret)
  try {
    const x = clampedScalar(expanded.subarray(0, 32))
    const y = edwards25519.encode(edwards25519.multiply(edwards25519.base, x))
    const h = encodeToCurve(y, alpha)
    const hBytes = edwards25519.encode(h)
    const gamma = edwards25519.encode(edwards25519.multiply(h, x))
    const k = littleEndian(primitives.sha512(concatBytes(expanded.subarray(32), hBytes))) % order
    const u = edwards25519.multiply(edwards25519.base, k)
    const v = edwards25519.multiply(h, k)
    const c = challenge(y, hBytes, gamma, edwards25519.encode(u), edwards25519.encode(v))
    return concatBytes(gamma, c, toLittleEndian((k + littleEndian(c) * x) % order))
  } finally {
    wipe(expanded)
  }
}

/** The 64 bytes that the proof proves, or `undefined` where it proves nothing. About 4 ms, where it was not proved lately. */
export function vrfVerify(
  publicKey: Uint8Array,
  alpha: Uint8Array,
  proof: Uint8Array,
): Uint8Array | undefined {
  if (proof.length !== vrfProofBytes) return undefined
  const name = [proof, publicKey, alpha].map(toHex).join(' ')
  const known = proved.get(name)
  if (known !== undefined) return known.slice()
  const hash = provenHash(publicKey, alpha, proof)
  if (hash !== undefined) remember(name, hash)
  return hash
}

/** A vote or a lot comes from several peers, and once more in the state that it was for. */
const proved = new Map<string, Uint8Array>()
const provedMax = 512

function remember(name: string, hash: Uint8Array): void {
  proved.set(name, hash.slice())
  if (proved.size > provedMax) proved.delete(proved.keys().next().value as string)
}

function provenHash(publicKey: Uint8Array, alpha: Uint8Array, proof: Uint8Array): Uint8Array | undefined {
  const y = edwards25519.decode(publicKey)
  const gammaBytes = proof.subarray(0, 32)
  const gamma = edwards25519.decode(gammaBytes)
  const c = proof.subarray(32, 32 + challengeBytes)
  const s = littleEndian(proof.subarray(32 + challengeBytes))
  // RFC 9381 section 5.4.5: a key of small order would make the hash the same for everybody.
  if (y === undefined || gamma === undefined || s >= order || edwards25519.isSmallOrder(y)) return undefined
  const h = encodeToCurve(publicKey, alpha)
  const u = lessTimes(edwards25519.multiplyPublic(edwards25519.base, s), y, littleEndian(c))
  const v = lessTimes(edwards25519.multiplyPublic(h, s), gamma, littleEndian(c))
  const expected = challenge(
    publicKey,
    edwards25519.encode(h),
    gammaBytes,
    edwards25519.encode(u),
    edwards25519.encode(v),
  )
  return equalBytes(expected, c) ? hashOf(gamma) : undefined
}

/** What a proof's maker knows without verifying it: for one's own proofs. */
export function vrfHash(proof: Uint8Array): Uint8Array {
  const name = toHex(proof)
  const known = proved.get(name)
  if (known !== undefined) return known.slice()
  const hash = hashIn(proof)
  remember(name, hash)
  return hash
}

function hashIn(proof: Uint8Array): Uint8Array {
  const gamma = proof.length === vrfProofBytes ? edwards25519.decode(proof.subarray(0, 32)) : undefined
  if (gamma === undefined) throw new Fault('invalid.proof', 'That is no proof of a draw.')
  return hashOf(gamma)
}

/** Section 5.2. */
function hashOf(gamma: EdwardsPoint): Uint8Array {
  const cleared = edwards25519.encode(edwards25519.clearCofactor(gamma))
  return primitives.sha512(concatBytes(Uint8Array.of(suite, 3), cleared, Uint8Array.of(0)))
}

/** Section 5.4.1.1: a hash is a point half of the time, so 256 tries fail never. */
function encodeToCurve(publicKey: Uint8Array, alpha: Uint8Array): EdwardsPoint {
  for (let tries = 0; tries < 256; tries += 1) {
    const input = concatBytes(Uint8Array.of(suite, 1), publicKey, alpha, Uint8Array.of(tries, 0))
    const point = edwards25519.decode(primitives.sha512(input).subarray(0, 32))
    if (point !== undefined && !edwards25519.isSmallOrder(point)) return edwards25519.clearCofactor(point)
  }
  throw new Fault('internal.vrf', 'No point was found for a draw.')
}

/** Section 5.4.3. */
function challenge(...points: readonly Uint8Array[]): Uint8Array {
  const input = concatBytes(Uint8Array.of(suite, 2), ...points, Uint8Array.of(0))
  return primitives.sha512(input).slice(0, challengeBytes)
}

function lessTimes(from: EdwardsPoint, point: EdwardsPoint, scalar: bigint): EdwardsPoint {
  return edwards25519.subtract(from, edwards25519.multiplyPublic(point, scalar))
}

/** RFC 8032 section 5.1.5. The points it multiplies have prime order, so it may be taken modulo that. */
function clampedScalar(bytes: Uint8Array): bigint {
  const clamped = bytes.slice()
  clamped[0] = (clamped[0] as number) & 0xf8
  clamped[31] = ((clamped[31] as number) & 0x7f) | 0x40
  const scalar = littleEndian(clamped) % order
  wipe(clamped)
  return scalar
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x0${bytes.slice().reverse().toHex()}`)
}

function toLittleEndian(scalar: bigint): Uint8Array {
  return Uint8Array.fromHex(scalar.toString(16).padStart(64, '0')).reverse()
}
