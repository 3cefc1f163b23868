import type { IHasher } from 'hash-wasm'

/**
 * Hashing of little things in WebAssembly, whose one memory is reused: every result of a native hasher is an object that
 * the collector has to let go of by itself, and for thirteen hashes of an envelope that costs more than the hashing.
 */
export type WasmHash = {
  /** BLAKE3 of the parts one after another, at most `wasmBytesMax` together. */
  blake3(parts: readonly Uint8Array[]): Uint8Array
  /** HMAC-SHA-512 (RFC 2104) of the parts one after another; `undefined` where key or parts are too long for this way. */
  hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array | undefined
  /** Overwrites what keys and their hashes left behind. */
  wipe(): void
}

/** Who hashes only a little does not wait for two modules to load. */
const callsBeforeLoad = 300

let calls = 0
let loaded: WasmHash | undefined

/** `undefined` until so many calls showed that it pays, and where WebAssembly is not allowed. */
export function wasmHash(): WasmHash | undefined {
  if (calls < callsBeforeLoad) {
    calls += 1
    if (calls === callsBeforeLoad) void loadWasmHash()
  }
  return loaded
}

let loading: Promise<void> | undefined

/** Resolves without it, too, where WebAssembly is not allowed. */
export function loadWasmHash(): Promise<void> {
  loading ??= load().catch(() => {})
  return loading
}

async function load(): Promise<void> {
  const { createBLAKE3, createSHA512 } = await import('hash-wasm')
  const [blake3, sha512] = await Promise.all([createBLAKE3(), createSHA512()])
  loaded = createWasmHash(blake3, sha512)
}

/** A block of SHA-512; a longer key would be hashed first. */
const blockBytes = 128
const digestBytes = 64
/** Beyond, native code is faster, which has wider registers for the chunks of BLAKE3. */
export const wasmBytesMax = 1536
const [innerMask, outerMask] = [0x36, 0x5c]

function createWasmHash(blake3: IHasher, sha512: IHasher): WasmHash {
  /** Parts are joined here, behind a padded key where there is one: a call for each costs more than a copy. */
  const joined = new Uint8Array(blockBytes + wasmBytesMax)
  let secretBytes = 0

  function join(parts: readonly Uint8Array[], from: number): number {
    let end = from
    for (let i = 0; i < parts.length; i += 1) {
      const part = parts[i] as Uint8Array
      joined.set(part, end)
      end += part.length
    }
    return end
  }

  function pad(key: Uint8Array, mask: number): void {
    const { length } = key
    for (let i = 0; i < length; i += 1) joined[i] = (key[i] as number) ^ mask
    joined.fill(mask, length, blockBytes)
  }

  return {
    blake3(parts) {
      const first = parts[0]
      const bytes = parts.length === 1 && first !== undefined ? first : joined.subarray(0, join(parts, 0))
      return blake3.init().update(bytes).digest('binary')
    },
    hmacSha512(key, ...parts) {
      let bytes = 0
      for (const part of parts) bytes += part.length
      if (key.length > blockBytes || bytes > wasmBytesMax) return undefined
      secretBytes = Math.max(secretBytes, blockBytes + Math.max(bytes, digestBytes))
      pad(key, innerMask)
      const end = join(parts, blockBytes)
      const inner = sha512.init().update(joined.subarray(0, end)).digest('binary')
      pad(key, outerMask)
      joined.set(inner, blockBytes)
      return sha512
        .init()
        .update(joined.subarray(0, blockBytes + digestBytes))
        .digest('binary')
    },
    wipe() {
      if (secretBytes === 0) return
      joined.fill(0)
      sha512.init().update(joined.subarray(0, secretBytes))
      secretBytes = 0
    },
  }
}
