/** Gathers small pieces into large ones. */
export type Staging = {
  /** Copies what is small; false where it has no room left. */
  add(bytes: Uint8Array): boolean
  /** Room to write into, then `filled`. Empty when there is none. */
  room(): Uint8Array
  filled(bytes: number): void
  /** What was gathered, `undefined` where that is nothing. */
  take(): Uint8Array | undefined
}

export const pieceBytes: number = 512 * 1024

/**
 * With `isReusing`, two buffers take turns: a piece given out is overwritten once the next but one is being filled, so
 * whoever writes them out waits for the one before last. Without, each piece is the taker's to keep.
 */
export function createStaging({ isReusing }: { isReusing: boolean }): Staging {
  let current = new Uint8Array(pieceBytes)
  let other: Uint8Array<ArrayBuffer> | undefined
  let fill = 0
  return {
    add(more) {
      if (more.length > current.length - fill) return false
      current.set(more, fill)
      fill += more.length
      return true
    },
    room: () => current.subarray(fill),
    filled(more) {
      fill += more
    },
    take() {
      if (fill === 0) return undefined
      const piece = current.subarray(0, fill)
      const next = other ?? new Uint8Array(pieceBytes)
      if (isReusing) other = current
      current = next
      fill = 0
      return piece
    },
  }
}

/** Copies parts into what is being gathered, and gives out what became full; what is larger goes out as it is. */
export function* stage(
  staging: Staging,
  ...parts: readonly Uint8Array[]
): Generator<Uint8Array, void, undefined> {
  for (const part of parts) {
    if (staging.add(part)) continue
    const piece = staging.take()
    if (piece !== undefined) yield piece
    if (!staging.add(part)) yield part
  }
}
