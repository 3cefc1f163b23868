import { ed25519 } from '@noble/curves/ed25519.js'

/** A point of edwards25519, of whatever order. */
export type EdwardsPoint = { readonly edwardsPoint: unique symbol }

const { Point } = ed25519
type Inner = typeof Point.BASE

/**
 * The group of Ed25519 (RFC 8032 section 5.1), for protocols that need its points and not only signatures, as a verifiable
 * random function does. Node's crypto has no face for it, so both kinds of machine compute it in JavaScript: about a millisecond
 * a multiplication. Scalars are integers from 0 to `order` - 1.
 */
export const edwards25519: {
  readonly order: bigint
  readonly base: EdwardsPoint
  /** `undefined` where the 32 bytes are not the one canonical encoding of a point. */
  decode(bytes: Uint8Array): EdwardsPoint | undefined
  encode(point: EdwardsPoint): Uint8Array
  add(a: EdwardsPoint, b: EdwardsPoint): EdwardsPoint
  subtract(a: EdwardsPoint, b: EdwardsPoint): EdwardsPoint
  /** For secret scalars: always the same steps, as far as JavaScript allows. */
  multiply(point: EdwardsPoint, scalar: bigint): EdwardsPoint
  /** Faster, and its time tells the scalar: for what everybody may know. */
  multiplyPublic(point: EdwardsPoint, scalar: bigint): EdwardsPoint
  /** Eight times the point, which lies in the group of prime order. */
  clearCofactor(point: EdwardsPoint): EdwardsPoint
  /** Whether eight times the point is nothing. */
  isSmallOrder(point: EdwardsPoint): boolean
} = {
  order: Point.Fn.ORDER,
  base: outer(Point.BASE),
  decode(bytes) {
    if (bytes.length !== 32) return undefined
    try {
      return outer(Point.fromBytes(bytes, false))
    } catch {
      return undefined
    }
  },
  encode: (point) => inner(point).toBytes(),
  add: (a, b) => outer(inner(a).add(inner(b))),
  subtract: (a, b) => outer(inner(a).subtract(inner(b))),
  multiply: (point, scalar) => outer(scalar === 0n ? Point.ZERO : inner(point).multiply(scalar)),
  multiplyPublic: (point, scalar) => outer(inner(point).multiplyUnsafe(scalar)),
  clearCofactor: (point) => outer(inner(point).clearCofactor()),
  isSmallOrder: (point) => inner(point).isSmallOrder(),
}

function inner(point: EdwardsPoint): Inner {
  return point as unknown as Inner
}

function outer(point: Inner): EdwardsPoint {
  return point as unknown as EdwardsPoint
}
