import { Fault } from '@anarq/fault'
import type { Random } from '@anarq/random'

/** A point of the secret's polynomials: `x` from 1 to 255, and as many bytes as the secret has. */
export type Share = { readonly x: number; readonly bytes: Uint8Array }

export type SplitOptions = {
  /** How many shares come out, `fixedShare` among them; at most 255. */
  readonly shares: number
  /** How many are needed to join. */
  readonly threshold: number
  readonly random: Random
  /** A share that is given beforehand, for instance derived from a guardian's own words. */
  readonly fixedShare?: Share
}

const sharesMax = 255

/**
 * Shamir's scheme over GF(256) with the polynomial of AES: any `threshold` shares give the secret, fewer give nothing.
 * The result is sorted by `x`, from 1 to `shares` unless the fixed share took a higher one.
 */
export function splitSecret(secret: Uint8Array, options: SplitOptions): Share[] {
  checkSplit(secret, options)
  const { shares, threshold, random, fixedShare } = options
  const known: Share[] = [{ x: 0, bytes: secret }]
  if (fixedShare !== undefined) known.push(fixedShare)
  const free = freeNumbers(shares, fixedShare?.x)
  const out: Share[] = fixedShare === undefined ? [] : [{ x: fixedShare.x, bytes: fixedShare.bytes.slice() }]
  for (const x of free) {
    const isChosen = known.length < threshold
    const share = { x, bytes: isChosen ? random.bytes(secret.length) : interpolate(known, x) }
    if (isChosen) known.push(share)
    out.push(share)
  }
  return out.sort((a, b) => a.x - b.x)
}

/**
 * The secret, from as many shares as were asked for when it was split. The shares carry no check: too few, or one that
 * was changed, give other bytes, so seal something under the secret whose opening shows that it is right.
 */
export function joinShares(shares: readonly Share[]): Uint8Array {
  const [first] = shares
  if (first === undefined) throw new Fault('invalid.shares', 'There is no share to join.')
  const numbers = new Set(shares.map(({ x }) => x))
  if (numbers.size !== shares.length) throw new Fault('invalid.shares', 'The same share is there twice.')
  for (const share of shares) checkShare(share, first.bytes.length)
  return interpolate(shares, 0)
}

/** The value at `x` of the polynomials through the points (Lagrange), byte by byte. */
function interpolate(points: readonly Share[], x: number): Uint8Array {
  const length = points[0]?.bytes.length ?? 0
  const out = new Uint8Array(length)
  for (const point of points) {
    let weight = 1
    for (const other of points) {
      if (other !== point) weight = multiply(weight, multiply(x ^ other.x, invert(point.x ^ other.x)))
    }
    for (let i = 0; i < length; i += 1) {
      out[i] = (out[i] as number) ^ multiply(weight, point.bytes[i] as number)
    }
  }
  return out
}

/** Without tables or branches on the values, so that time tells nothing about them. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = a
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= -((b >> bit) & 1) & shifted
    shifted = ((shifted << 1) ^ (-(shifted >> 7) & 0x11b)) & 0xff
  }
  return product
}

/** a^254, which is 1 / a in GF(256). */
function invert(a: number): number {
  let power = a
  let inverse = 1
  for (let i = 0; i < 7; i += 1) {
    power = multiply(power, power)
    inverse = multiply(inverse, power)
  }
  return inverse
}

function freeNumbers(shares: number, taken: number | undefined): number[] {
  const count = taken === undefined ? shares : shares - 1
  const numbers: number[] = []
  for (let x = 1; numbers.length < count; x += 1) if (x !== taken) numbers.push(x)
  return numbers
}

function checkSplit(secret: Uint8Array, { shares, threshold, fixedShare }: SplitOptions): void {
  if (secret.length === 0) throw new Fault('invalid.shares', 'There is no secret to split.')
  if (!Number.isInteger(shares) || shares < 1 || shares > sharesMax)
    throw new Fault('invalid.shares', `A secret is split into 1 to ${sharesMax} shares, not ${shares}.`)
  const thresholdMin = fixedShare === undefined ? 1 : 2
  if (!Number.isInteger(threshold) || threshold < thresholdMin || threshold > shares)
    throw new Fault(
      'invalid.shares',
      `Joining takes ${thresholdMin} to ${shares} shares here, not ${threshold}.`,
    )
  if (fixedShare !== undefined) checkShare(fixedShare, secret.length)
}

function checkShare({ x, bytes }: Share, length: number): void {
  if (!Number.isInteger(x) || x < 1 || x > sharesMax)
    throw new Fault('invalid.shares', `The number of a share goes from 1 to ${sharesMax}, not ${x}.`)
  if (bytes.length !== length)
    throw new Fault('invalid.shares', `A share has ${bytes.length} bytes where the others have ${length}.`)
}
