import { concatBytes, fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { primitives, wipe } from '@anarq/qlock'
import { giveSlotBack, type Slab, slotBytes, takeSlot } from './key-store.ts'

export const tagBytes = 16
/** A key is followed by the next one after so many frames or bytes, whichever comes first. The last frame says so. */
export const keyFramesMax: number = 2 ** 16
export const keyBytesMax: number = 64 * 1024 * 1024

/**
 * One direction's key and the counter that belongs to it (Betanet 1.2, section 5.3). The counter cannot be set, is given out
 * once a frame, and the key ends long before it could wrap: two frames under one key and nonce have no spelling here.
 */
export class FrameKey {
  /** Traffic secret (32), key (32), salt (12) lie here; undefined when the key was put away. */
  #slab: Slab | undefined
  readonly #at: number
  #frames = 0
  #bytes = 0

  /** The traffic secret is the key's from now on. */
  constructor(secret: Uint8Array) {
    const { slab, at } = takeSlot()
    this.#slab = slab
    this.#at = at
    const [key, salt] = [expandLabel(secret, 'key', 32), expandLabel(secret, 'nonce', 12)]
    this.#secrets.set(secret)
    this.#secrets.set(key, 32)
    this.#secrets.set(salt, 64)
    wipe(secret, key, salt)
  }

  /** Whether a frame of so many bytes still leaves room for the one that announces the next key. */
  hasRoomFor(bytes: number): boolean {
    return this.#frames + 1 < keyFramesMax && this.#bytes + bytes <= keyBytesMax
  }

  /** Into `out` behind its head of `headBytes`, which is what is authenticated beside. */
  seal(pieces: readonly Uint8Array[], bytes: number, out: Uint8Array, headBytes: number): void {
    const nonce = this.#count(bytes)
    primitives.chachaSealInto(this.#key, nonce, pieces, out, headBytes, out.subarray(0, headBytes))
  }

  open(frame: Uint8Array, headBytes: number): Uint8Array | undefined {
    const nonce = this.#count(frame.length - headBytes - tagBytes)
    return primitives.chachaOpen(this.#key, nonce, frame.subarray(headBytes), frame.subarray(0, headBytes))
  }

  /** The key after this one, which is wiped: what it sealed opens to nobody who comes later. */
  next(): FrameKey {
    const next = new FrameKey(expandLabel(this.#secrets.subarray(0, 32), 'next', 32))
    this.dispose()
    return next
  }

  dispose(): void {
    this.#frames = keyFramesMax
    if (this.#slab !== undefined) giveSlotBack(this.#slab, this.#at)
    this.#slab = undefined
  }

  get #secrets(): Uint8Array {
    // Its place may be another key's by now.
    if (this.#slab === undefined)
      throw new Fault('refused.disposed', 'This key was put away. Open the link again.')
    return this.#slab.bytes.subarray(this.#at, this.#at + slotBytes)
  }

  get #key(): Uint8Array {
    return this.#secrets.subarray(32, 64)
  }

  /** The nonce of the next frame: the salt with the counter, least significant byte first, over its first eight. */
  #count(bytes: number): Uint8Array {
    const isLast = this.#frames + 1 === keyFramesMax || this.#bytes + bytes > keyBytesMax
    if (this.#frames >= keyFramesMax || (isLast && bytes > 0))
      throw new Fault('limit.key-use', 'This key has sealed all it may. The link has to be opened again.')
    const nonce = this.#secrets.slice(64)
    for (let byte = 0, rest = this.#frames; rest > 0; byte += 1, rest = Math.floor(rest / 256))
      nonce[byte] = (nonce[byte] as number) ^ (rest & 255)
    this.#frames += 1
    this.#bytes += bytes
    return nonce
  }
}

/** HKDF-Expand (RFC 5869, section 2.3) of at most one block, with Betanet's labels. */
export function expandLabel(secret: Uint8Array, label: string, length: number): Uint8Array {
  const block = primitives.hmacSha256(secret, concatBytes(fromUtf8(`betanet ${label}`), Uint8Array.of(1)))
  return length === block.length ? block : block.slice(0, length)
}
