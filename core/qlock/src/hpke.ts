import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { primitives } from '#primitives'

/** AEAD identifiers of RFC 9180 section 7.3; the product seals with AES, the draft's vectors exist for ChaCha20. */
export const hpkeAead = { aes256Gcm: 2, chacha20Poly1305: 3 } as const

export type HpkeKeys = { readonly key: Uint8Array; readonly baseNonce: Uint8Array }

const kemXWing = 0x647a
const kdfHkdfSha256 = 1
const version = fromUtf8('HPKE-v1')
const empty = new Uint8Array(0)
const modeBase = 0

/** The key schedule of RFC 9180 section 5.1, base mode, for KEM X-Wing and HKDF-SHA256. */
export function scheduleHpke(sharedSecret: Uint8Array, info: Uint8Array, aead: number): HpkeKeys {
  const suite = suiteId(aead)
  const pskIdHash = labeledExtract(suite, empty, 'psk_id_hash', empty)
  const infoHash = labeledExtract(suite, empty, 'info_hash', info)
  const context = concatBytes(Uint8Array.of(modeBase), pskIdHash, infoHash)
  const secret = labeledExtract(suite, sharedSecret, 'secret', empty)
  const key = labeledExpand(suite, secret, 'key', context, 32)
  const baseNonce = labeledExpand(suite, secret, 'base_nonce', context, 12)
  secret.fill(0)
  return { key, baseNonce }
}

function suiteId(aead: number): Uint8Array {
  const id = new Uint8Array(10)
  id.set(fromUtf8('HPKE'))
  const view = new DataView(id.buffer)
  view.setUint16(4, kemXWing)
  view.setUint16(6, kdfHkdfSha256)
  view.setUint16(8, aead)
  return id
}

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return primitives.hmacSha256(salt, concatBytes(version, suite, fromUtf8(label), ikm))
}

/** At most 32 bytes, which is all that a base-mode schedule needs: one block of HKDF-Expand. */
function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const lengthBytes = Uint8Array.of(length >> 8, length & 0xff)
  const labeled = concatBytes(lengthBytes, version, suite, fromUtf8(label), info, Uint8Array.of(1))
  return primitives.hmacSha256(prk, labeled).subarray(0, length)
}
