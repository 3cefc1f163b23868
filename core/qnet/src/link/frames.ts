import { primitives } from '@anarq/qlock'
import {
  frameBytesMax,
  frameBytesMin,
  frameType,
  type Head,
  headBytes,
  lengthBytes,
  type OutFrame,
  readHead,
  writeHead,
} from './frame.ts'
import { type FrameKey, tagBytes } from './frame-key.ts'

const none: readonly Uint8Array[] = []

/** The sending half: seals frames, and tells of the next key and takes it in one act, before the key is worn out. */
export class FrameSealer {
  #key: FrameKey

  constructor(key: FrameKey) {
    this.#key = key
  }

  /** The bytes to send: this frame, and before it the one that announces a key where it was time for that. */
  seal({ type, id, pieces }: OutFrame): Uint8Array {
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    const isWorn = !this.#key.hasRoomFor(bytes)
    const before = isWorn ? frameBytesMin : 0
    const out = primitives.allocate(before + frameBytesMin + bytes)
    if (isWorn) {
      this.#sealInto(out.subarray(0, before), frameType.keyUpdate, 0, none, 0)
      this.#key = this.#key.next()
    }
    this.#sealInto(out.subarray(before), type, id, pieces, bytes)
    return out
  }

  /** From the next frame on. */
  replaceKey(key: FrameKey): void {
    this.#key.dispose()
    this.#key = key
  }

  dispose(): void {
    this.#key.dispose()
  }

  #sealInto(out: Uint8Array, type: number, id: number, pieces: readonly Uint8Array[], bytes: number): void {
    writeHead(out, type, id)
    this.#key.seal(pieces, bytes, out, headBytes)
  }
}

export type InFrame = Head & { readonly body: Uint8Array }

/** The receiving half. Transports keep order, so a key ends with the frame that announces the next. */
export class FrameOpener {
  #key: FrameKey

  constructor(key: FrameKey) {
    this.#key = key
  }

  static isAllowed(length: number): boolean {
    return length + lengthBytes <= frameBytesMax && length + lengthBytes >= frameBytesMin
  }

  /** Undefined where the frame does not verify, or the key behind it has been used for more than it may. */
  open(frame: Uint8Array): InFrame | undefined {
    const head = readHead(frame)
    if (head === undefined) return undefined
    const bytes = frame.length - headBytes - tagBytes
    if (head.type === frameType.keyUpdate ? bytes !== 0 : !this.#key.hasRoomFor(bytes)) return undefined
    const body = this.#key.open(frame, headBytes)
    if (body === undefined) return undefined
    if (head.type === frameType.keyUpdate) this.#key = this.#key.next()
    return { type: head.type, id: head.id, body }
  }

  replaceKey(key: FrameKey): void {
    this.#key.dispose()
    this.#key = key
  }

  dispose(): void {
    this.#key.dispose()
  }
}
