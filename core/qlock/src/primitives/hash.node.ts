import { Buffer } from 'node:buffer'
import { argon2, createHmac, hkdfSync } from 'node:crypto'
import { createRequire } from 'node:module'
import { equalBytes } from '@anarq/bytes'
import { Blake3Hasher } from '@napi-rs/blake-hash'
import { take } from './buffers.node.ts'
import { checkKey } from './lengths.ts'
import type { Argon2Options, HkdfOptions } from './primitives.ts'
import { wasmBytesMax, wasmHash } from './wasm-hash.node.ts'

const empty = new Uint8Array(0)

export function blake3Parts(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (let i = 0; i < parts.length; i += 1) length += (parts[i] as Uint8Array).length
  const wasm = length <= wasmBytesMax ? wasmHash() : undefined
  if (wasm !== undefined) return wasm.blake3(parts)
  plainHasher.reset()
  for (const part of parts) plainHasher.update(part)
  return digestOf(plainHasher)
}

const plainHasher = new Blake3Hasher()

/** As text: a native buffer, which the collector has to let go of by itself, costs more than its letters. */
function digestOf(hasher: Blake3Hasher): Uint8Array {
  return Uint8Array.fromHex(hasher.digest('hex'))
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
  return digestOf(hasher)
}

export function forget(secret: Uint8Array): void {
  wasmHash()?.wipe()
  if (keyedHasher === undefined || !equalBytes(keyedHasher.key, secret)) return
  keyedHasher.key.fill(0)
  keyedHasher = undefined
}

export function hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return wasmHash()?.hmacSha512(key, ...parts) ?? nativeHmacSha512(key, parts)
}

function nativeHmacSha512(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha512', key)
  for (const part of parts) hmac.update(part)
  return take(hmac.digest())
}

/** RFC 5869 over the HMAC of little things. */
export function hkdfSha512(ikm: Uint8Array, options: HkdfOptions): Uint8Array {
  const { salt = empty, info, length } = options
  const wasm = length <= sha512Bytes ? wasmHash() : undefined
  const prk = wasm?.hmacSha512(salt, ikm)
  const okm = prk && wasm?.hmacSha512(prk, info, firstBlock)
  prk?.fill(0)
  if (okm === undefined) return hkdf('sha512', ikm, options)
  return length === sha512Bytes ? okm : okm.slice(0, length)
}

const sha512Bytes = 64
const firstBlock = Uint8Array.of(1)

export function hkdf(
  algorithm: string,
  ikm: Uint8Array,
  { salt = empty, info, length }: HkdfOptions,
): Uint8Array {
  return new Uint8Array(hkdfSync(algorithm, ikm, salt, info, length))
}

/** RFC 9106's `y`. */
const argon2idType = 2

/**
 * The library takes a third of the time that OpenSSL does, with the wide registers of the processor, and every command waits for
 * this. OpenSSL does what it has no word for, and all of it where there is no library for the platform.
 */
export async function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  options: Argon2Options,
): Promise<Uint8Array> {
  const { memoryKiB, passes, lanes, length, secret, associatedData } = options
  const library = associatedData === undefined ? loadArgon2() : undefined
  if (library === undefined) return opensslArgon2id(password, salt, options)
  const derived = await library.hashRaw(password, {
    algorithm: argon2idType,
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: lanes,
    outputLen: length,
    salt,
    ...(secret === undefined ? {} : { secret }),
  })
  return take(derived)
}

type Argon2Library = Pick<typeof import('@node-rs/argon2'), 'hashRaw'>
let argon2Library: Argon2Library | undefined
let isArgon2Sought = false

/** When it is first asked for, and at once: while a command loads its modules the slow key is on its way already. */
function loadArgon2(): Argon2Library | undefined {
  if (isArgon2Sought) return argon2Library
  isArgon2Sought = true
  try {
    argon2Library = createRequire(import.meta.url)('@node-rs/argon2') as Argon2Library
  } catch {
    // No library for this platform.
  }
  return argon2Library
}

export function opensslArgon2id(
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
