import type { IHasher } from 'hash-wasm'

/**
 * Hashing of little things in WebAssembly, whose one memory is reused: every result of a native hasher is an object that
 * the collector has to let go of by itself, and for thirteen hashes of an envelope that costs more than the hashing.
 */
export type WasmHash = {
  /** BLAKE3 of the parts one after another. */
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
const dataBytesMax = 1024
const zeros = new Uint8Array(blockBytes + dataBytesMax)

function createWasmHash(blake3: IHasher, sha512: IHasher): WasmHash {
  const pad = new Uint8Array(blockBytes)
  let usedBytes = 0

  function padded(key: Uint8Array, mask: number): Uint8Array {
    const { length } = key
    for (let i = 0; i < length; i += 1) pad[i] = (key[i] as number) ^ mask
    return pad.fill(mask, length)
  }

  return {
    blake3(parts) {
      blake3.init()
      for (const part of parts) blake3.update(part)
      return blake3.digest('binary')
    },
    hmacSha512(key, ...parts) {
      let bytes = 0
      for (const part of parts) bytes += part.length
      if (key.length > blockBytes || bytes > dataBytesMax) return undefined
      usedBytes = Math.max(usedBytes, blockBytes, bytes)
      sha512.init().update(padded(key, 0x36))
      for (const part of parts) sha512.update(part)
      const inner = sha512.digest('binary')
      sha512.init().update(padded(key, 0x5c)).update(inner)
      inner.fill(0)
      return sha512.digest('binary')
    },
    wipe() {
      if (usedBytes === 0) return
      pad.fill(0)
      sha512.init().update(zeros.subarray(0, usedBytes))
      usedBytes = 0
    },
  }
}
