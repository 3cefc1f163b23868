/** Expands one whole zstd frame (RFC 8878) to at most `plainBytesMax` bytes; throws where the frame says otherwise. */
export type Decompress = (zstdFrame: Uint8Array, plainBytesMax: number) => Uint8Array

/** zstd on this platform. Chosen by the conditional import `#codec`. */
export type Codec = {
  readonly name: string
  /** One zstd frame with its content size; `undefined` where this platform cannot compress. */
  compress(plain: Uint8Array, level: number, options?: { hasChecksum?: boolean }): Uint8Array | undefined
  readonly decompress: Decompress
}
