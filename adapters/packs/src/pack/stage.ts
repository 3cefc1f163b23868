/** Memory in which small pieces lie side by side. */
export type Stage = {
  /** Room for so many bytes, already placed at the end of `parts`. */
  take(bytes: number, parts: Uint8Array[]): Buffer
  /** What comes next belongs to other parts. */
  cut(): void
}

const stageBytes = 256 * 1024

/** Neighbouring pieces become one part, so that thousands of small records are a few system call arguments. */
export function createStage(): Stage {
  let buffer = Buffer.alloc(0)
  let used = 0
  let last: Uint8Array | undefined
  return {
    take(bytes, parts) {
      if (used + bytes > buffer.length) {
        buffer = Buffer.allocUnsafeSlow(Math.max(stageBytes, bytes))
        used = 0
        last = undefined
      }
      const isNeighbour = last !== undefined && parts.at(-1) === last
      const from = isNeighbour && last !== undefined ? last.byteOffset : used
      last = buffer.subarray(from, used + bytes)
      if (isNeighbour) parts[parts.length - 1] = last
      else parts.push(last)
      const piece = buffer.subarray(used, used + bytes)
      used += bytes
      return piece
    },
    cut() {
      last = undefined
    },
  }
}
