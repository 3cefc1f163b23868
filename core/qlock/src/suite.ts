import { Fault } from '@anarq/fault'

/** The algorithms of one suite, by the names of their standards. */
export type Suite = {
  readonly keyWrap: string
  readonly signature: string
  readonly content: string
  readonly hash: string
  readonly passphrase: string
}

/** The suite that everything new is made with. Envelopes and vaults carry its number, so that old ones stay readable. */
export const suite = 1

const suites: ReadonlyMap<number, Suite> = new Map([
  [
    1,
    {
      keyWrap: 'HPKE base, X-Wing (ML-KEM-768 + X25519, KEM 0x647a), HKDF-SHA256, AES-256-GCM',
      signature: 'id-MLDSA65-Ed25519-SHA512 (ML-DSA-65 + Ed25519)',
      content: 'AES-256-GCM with HKDF-SHA512 key commitment',
      hash: 'BLAKE3-256',
      passphrase: 'Argon2id',
    },
  ],
])

/** What a suite number stands for; `invalid.suite` where this version does not know it. */
export function describeSuite(number: number): Suite {
  const known = suites.get(number)
  if (known !== undefined) return known
  throw new Fault(
    'invalid.suite',
    `This was made with cryptographic suite ${number}, which this version does not know. Update AnarQ.`,
  )
}
