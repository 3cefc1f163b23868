import { equalBytes } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '@anarq/qlock'
import type { ContentDigest, DigestAlgorithm } from './request-to-sign.ts'
import { isInnerList, parseDictionary } from './structured-fields.ts'

/** The digest of a whole body (RFC 9530). */
export function contentDigestOf(body: Uint8Array, algorithm: DigestAlgorithm = 'sha-512'): ContentDigest {
  return { algorithm, digest: hashes[algorithm](body) }
}

/** The digests in a header that are SHA-256 or SHA-512; others are passed over, none at all is `refused.digest`. */
export function parseContentDigest(header: string): readonly ContentDigest[] {
  const digests: ContentDigest[] = []
  for (const [name, member] of parseDictionary(header, 'Content-Digest')) {
    if (name !== 'sha-256' && name !== 'sha-512') continue
    const length = name === 'sha-256' ? 32 : 64
    if (isInnerList(member) || member.item.type !== 'bytes' || member.item.value.length !== length) {
      throw new Fault('invalid.header', `The header Content-Digest holds no ${name} digest.`)
    }
    digests.push({ algorithm: name, digest: member.item.value })
  }
  if (digests.length > 0) return digests
  throw new Fault(
    'refused.digest',
    'The body of this request is bound by no digest that counts: use SHA-256 or SHA-512.',
  )
}

/** Whether the body is the one that every digest names. */
export function isContentOf(digests: readonly ContentDigest[], body: Uint8Array): boolean {
  return digests.every(({ algorithm, digest }) => equalBytes(hashes[algorithm](body), digest))
}

const hashes: Readonly<Record<DigestAlgorithm, (body: Uint8Array) => Uint8Array>> = {
  'sha-256': (body) => primitives.sha256(body),
  'sha-512': (body) => primitives.sha512(body),
}
