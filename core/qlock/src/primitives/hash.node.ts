import { Buffer } from 'node:buffer'
import { argon2, hkdfSync } from 'node:crypto'
import { concatBytes, equalBytes } from '@anarq/bytes'
import { Blake3Hasher, blake3 } from '@napi-rs/blake-hash'
import { take } from './buffers.node.ts'
import { checkKey } from './lengths.ts'
import type { Argon2Options, HkdfOptions } from './primitives.ts'

const empty = new Uint8Array(0)
/** Up to here copying parts together is cheaper than a native hasher object, which costs microseconds. */
const joinBytesMax = 8192

export function blake3Parts(...parts: readonly Uint8Array[]): Uint8Array {
  const [first = empty] = parts
  if (parts.length <= 1) return take(blake3(first))
  let length = 0
  for (const part of parts) length += part.length
  if (length <= joinBytesMax) return take(blake3(concatBytes(...parts)))
  const hasher = new Blake3Hasher()
  for (const part of parts) hasher.update(part)
  return take(hasher.digestBuffer())
}

/** A native hasher costs three times the hashing of a small frame, so the last one is kept until its key is wiped. */
let keyedHasher: { readonly key: Uint8Array; readonly hasher: Blake3Hasher } | undefined

export function blake3Keyed(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  checkKey(key, 32)
  if (keyedHasher === undefined || !equalBytes(keyedHasher.key, key)) {
    const own = Buffer.from(key)
    if (keyedHasher !== undefined) forget(keyedHasher.key)
    keyedHasher = { key: own, hasher: Blake3Hasher.newKeyed(own) }
  }
  const { hasher } = keyedHasher
  hasher.reset()
  for (const part of parts) hasher.update(part)
  return take(hasher.digestBuffer())
}

export function forget(secret: Uint8Array): void {
  if (keyedHasher === undefined || !equalBytes(keyedHasher.key, secret)) return
  keyedHasher.key.fill(0)
  keyedHasher = undefined
}

export function hkdf(
  algorithm: string,
  ikm: Uint8Array,
  { salt = empty, info, length }: HkdfOptions,
): Uint8Array {
  return new Uint8Array(hkdfSync(algorithm, ikm, salt, info, length))
}

export function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  { memoryKiB, passes, lanes, length, secret, associatedData }: Argon2Options,
): Promise<Uint8Array> {
  const parameters = {
    message: password,
    nonce: salt,
    parallelism: lanes,
    tagLength: length,
    memory: memoryKiB,
    passes,
    ...(secret === undefined ? {} : { secret }),
    ...(associatedData === undefined ? {} : { associatedData }),
  }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, derived) => {
      if (error === null) resolve(take(derived))
      else reject(error)
    })
  })
}
