import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes, discard, equalBytes } from '@anarq/bytes'
import { allocate, plain, take } from './buffers.node.ts'
import { checkCounter, checkKey, checkKeyToWrap, checkNonce, tagBytes } from './lengths.ts'

type AeadName = 'aes-256-gcm' | 'chacha20-poly1305'

/** Ciphertext is copied out in pieces that are still in the processor's cache, each in the memory of the one before. */
const pieceBytes = 131_072
/** RFC 3394 section 2.2.3.1. */
const keyWrapIv = new Uint8Array(8).fill(0xa6)

export function aeadSeal(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  bytes: Uint8Array,
  aad: Uint8Array | undefined,
): Uint8Array {
  const cipher = createSealer(name, key, nonce)
  if (aad !== undefined) cipher.setAAD(aad, { plaintextLength: bytes.length })
  const out = allocate(bytes.length + tagBytes)
  const sealed = cipher.update(bytes)
  out.set(sealed)
  discard(sealed)
  cipher.final()
  out.set(cipher.getAuthTag(), bytes.length)
  return out
}

export function aeadSealInto(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  pieces: readonly Uint8Array[],
  out: Uint8Array,
  offset: number,
  aad?: Uint8Array,
): void {
  const cipher = createSealer(name, key, nonce)
  if (aad !== undefined) cipher.setAAD(aad)
  const target = bufferOf(out)
  let to = offset
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += pieceBytes) {
      const sealed = cipher.update(piece.subarray(at, at + pieceBytes))
      to += sealed.copy(target, to)
      discard(sealed)
    }
  }
  cipher.final()
  out.set(cipher.getAuthTag(), to)
}

/** The same memory: a Buffer copies at full speed where an array sets shared memory word by word. */
function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

function createSealer(name: AeadName, key: Uint8Array, nonce: Uint8Array) {
  checkKey(key, 32)
  checkNonce(nonce)
  // Both names take the same calls; @types/node only knows them one by one.
  return createCipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes })
}

export function aeadOpen(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array | undefined,
): Uint8Array | undefined {
  checkKey(key, 32)
  checkNonce(nonce)
  const plainBytes = sealed.length - tagBytes
  if (plainBytes < 0) return undefined
  const decipher = createDecipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(plainBytes))
  if (aad !== undefined) decipher.setAAD(aad, { plaintextLength: plainBytes })
  const opened = decipher.update(sealed.subarray(0, plainBytes))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain(opened)
}

export function aesGcmOpenInto(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  outs: readonly Uint8Array[],
): boolean {
  checkKey(key, 32)
  checkNonce(nonce)
  const plainBytes = sealed.length - tagBytes
  if (plainBytes < 0) return false
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(plainBytes))
  let from = 0
  for (const out of outs) {
    const target = bufferOf(out)
    for (let at = 0; at < out.length; at += pieceBytes) {
      const bytes = Math.min(pieceBytes, out.length - at)
      const plain = decipher.update(sealed.subarray(from, from + bytes))
      plain.copy(target, at)
      from += bytes
      discard(plain)
    }
  }
  try {
    decipher.final()
  } catch {
    return false
  }
  return true
}

export function aesCtr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array {
  return take(createCipheriv('aes-256-ctr', checkKey(key, 32), checkCounter(counter)).update(data))
}

export function aesKwWrap(kek: Uint8Array, key: Uint8Array): Uint8Array {
  checkKey(kek, 32)
  const cipher = createCipheriv('id-aes256-wrap', kek, keyWrapIv)
  // Key wrap gives everything at once, and to ask for the rest of it costs a third more.
  return take(cipher.update(checkKeyToWrap(key)))
}

/**
 * RFC 3394 section 2.2.1 over all keys side by side: each of its 24 steps is one call of the cipher for all of them, where
 * an object for each key costs more than their whole encryption.
 */
export function aesKwWrapEach(kek: Uint8Array, keys: readonly Uint8Array[]): Uint8Array[] {
  checkKey(kek, 32)
  const cipher = createCipheriv('aes-256-ecb', kek, null)
  cipher.setAutoPadding(false)
  const registers = keys.map((key) => concatBytes(keyWrapIv, checkKey(key, 32)))
  const blocks = Buffer.alloc(keys.length * 16)
  for (let step = 1; step <= 24; step += 1) {
    const at = 8 + 8 * ((step - 1) % 4)
    for (let i = 0; i < registers.length; i += 1)
      copyHalves(registers[i] as Uint8Array, 0, at, blocks, 16 * i)
    const encrypted = cipher.update(blocks)
    for (let i = 0; i < registers.length; i += 1) {
      const register = registers[i] as Uint8Array
      for (let byte = 0; byte < 8; byte += 1) {
        register[byte] = encrypted[16 * i + byte] as number
        register[at + byte] = encrypted[16 * i + 8 + byte] as number
      }
      register[7] = (register[7] as number) ^ step
    }
    encrypted.fill(0)
    discard(encrypted)
  }
  blocks.fill(0)
  return registers
}

/** The other way: RFC 3394 section 2.2.2 with the index of 2.2.3.2, over all of them side by side. */
export function aesKwUnwrapEach(kek: Uint8Array, wrapped: readonly Uint8Array[]): (Uint8Array | undefined)[] {
  checkKey(kek, 32)
  const cipher = createDecipheriv('aes-256-ecb', kek, null)
  cipher.setAutoPadding(false)
  const registers = wrapped.map((one) => (one.length === wrappedKeyBytes ? one.slice() : undefined))
  const whole = registers.filter((one) => one !== undefined)
  const blocks = Buffer.alloc(whole.length * 16)
  for (let step = 24; step >= 1; step -= 1) {
    const at = 8 + 8 * ((step - 1) % 4)
    for (const [i, register] of whole.entries()) {
      register[7] = (register[7] as number) ^ step
      copyHalves(register, 0, at, blocks, 16 * i)
    }
    const decrypted = cipher.update(blocks)
    for (const [i, register] of whole.entries()) {
      for (let byte = 0; byte < 8; byte += 1) {
        register[byte] = decrypted[16 * i + byte] as number
        register[at + byte] = decrypted[16 * i + 8 + byte] as number
      }
    }
    decrypted.fill(0)
    discard(decrypted)
  }
  blocks.fill(0)
  return registers.map((register) => {
    if (register === undefined) return undefined
    const isOurs = equalBytes(register.subarray(0, keyWrapIv.length), keyWrapIv)
    const key = isOurs ? register.slice(keyWrapIv.length) : undefined
    register.fill(0)
    return key
  })
}

const wrappedKeyBytes = 40

function copyHalves(from: Uint8Array, first: number, second: number, to: Uint8Array, at: number): void {
  for (let byte = 0; byte < 8; byte += 1) {
    to[at + byte] = from[first + byte] as number
    to[at + 8 + byte] = from[second + byte] as number
  }
}

export function aesKwUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  checkKey(kek, 32)
  if (wrapped.length < 24 || wrapped.length % 8 !== 0) return undefined
  try {
    const decipher = createDecipheriv('id-aes256-wrap', kek, keyWrapIv)
    const key = take(decipher.update(wrapped))
    if (decipher.final().length > 0) throw new RangeError('key wrap left bytes over')
    return key
  } catch {
    return undefined
  }
}
