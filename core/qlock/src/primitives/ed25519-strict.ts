/**
 * The y-coordinates, little-endian, of the eight points of small order on edwards25519: 0, 1, -1 and the two of
 * order 8. Source: "Taming the many EdDSAs" (https://eprint.iacr.org/2020/1244), table 6a.
 */
const smallOrderHex: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/**
 * A 32-byte Ed25519 public key in canonical form and not of small order. Libraries disagree on all others (RFC 8032
 * leaves room), so both implementations refuse them, and a browser and a server give one verdict.
 */
export function isStrictEd25519Key(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false
  const y = publicKey.slice()
  y[31] = (y[31] as number) & 0x7f
  return isBelowPrime(y) && !smallOrderHex.has(y.toHex())
}

/** y < 2^255 - 19: only ed..ff, ff × 30, 7f are not. */
function isBelowPrime(y: Uint8Array): boolean {
  if (y[31] !== 0x7f || (y[0] as number) < 0xed) return true
  for (let i = 1; i < 31; i += 1) if (y[i] !== 0xff) return true
  return false
}
