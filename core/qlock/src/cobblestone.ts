import { concatBytes, equalBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives } from '#primitives'
import { checkKey, nonceBytes, tagBytes } from './primitives/lengths.ts'
import { expandSha512, wipe } from './secrets.ts'

/**
 * Cobblestone-256: C2SP chunked encryption with AEAD_AES_256_GCM and HKDF-SHA-512.
 * https://c2sp.org/chunked-encryption: salt(24) || commitment(32) || chunks of 16 KiB + tag(16), the last one shorter.
 */
export const saltBytes = 24
export const headerBytes = 56
export const chunkPlainBytes = 16_384
export const chunkSealedBytes: number = chunkPlainBytes + tagBytes

/** The specification's limit, 4 PiB. */
const chunksMax = 2 ** 38

const infoPrefix = fromUtf8('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0')

/** The key and nonces of one message. */
export type MessageKeys = {
  readonly header: Uint8Array
  seal(index: number, plain: Uint8Array): Uint8Array
  sealInto(index: number, plain: Uint8Array, out: Uint8Array, offset: number): void
  open(index: number, sealed: Uint8Array): Uint8Array | undefined
  dispose(): void
}

/** The keys for a new message under a salt that this key never saw. */
export function deriveMessage(key: Uint8Array, salt: Uint8Array, context: Uint8Array): MessageKeys {
  const okm = expandSha512(checkKey(key, 32), [infoPrefix, salt, context], 76)
  const messageKey = okm.slice(0, 32)
  const baseNonce = okm.slice(32, 44)
  const header = concatBytes(salt, okm.subarray(44))
  wipe(okm)
  return {
    header,
    seal: (index, plain) => primitives.aesGcmSeal(messageKey, nonceOf(baseNonce, index), plain),
    sealInto: (index, plain, out, offset) =>
      primitives.aesGcmSealInto(messageKey, nonceOf(baseNonce, index), [plain], out, offset),
    open: (index, sealed) => primitives.aesGcmOpen(messageKey, nonceOf(baseNonce, index), sealed),
    dispose: () => wipe(messageKey, baseNonce),
  }
}

/** The keys of an existing message, or undefined where key or context are not those that its header commits to. */
export function deriveSealedMessage(
  key: Uint8Array,
  header: Uint8Array,
  context: Uint8Array,
): MessageKeys | undefined {
  if (header.length < headerBytes) return undefined
  const message = deriveMessage(key, header.slice(0, saltBytes), context)
  if (equalBytes(message.header, header.subarray(0, headerBytes))) return message
  message.dispose()
  return undefined
}

/** The base nonce XOR the chunk's number, big-endian. */
function nonceOf(baseNonce: Uint8Array, index: number): Uint8Array {
  if (index >= chunksMax) throw new Fault('limit.stream', 'One sealed stream holds at most 4 PiB. Split it.')
  const nonce = baseNonce.slice()
  let rest = index
  for (let at = nonceBytes - 1; rest > 0; at -= 1) {
    nonce[at] = (nonce[at] as number) ^ (rest % 256)
    rest = Math.floor(rest / 256)
  }
  return nonce
}
