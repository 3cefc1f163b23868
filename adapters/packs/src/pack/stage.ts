/** Memory in which small pieces lie side by side. */
export type Stage = {
  /** Room for so many bytes, already placed at the end of the batch's parts. */
  take(bytes: number, batch: Staged): Buffer
  /** What comes next belongs to another batch. */
  cut(): void
  /** The batch is written: its memory may be used again. */
  giveBack(batch: Staged): void
}

export type Staged = { readonly parts: Uint8Array[]; readonly stages: Buffer[] }

const stageBytes = 256 * 1024
const freeMax = 16

/**
 * Neighbouring pieces become one part, so that thousands of small records are a few system call arguments. The memory
 * goes around: what was never touched before costs more to fill than all that is done with it.
 */
export function createStage(): Stage {
  const free: Buffer[] = []
  let buffer: Buffer | undefined
  let used = 0
  let last: Uint8Array | undefined

  function next(bytes: number): Buffer {
    const known = bytes <= stageBytes ? free.pop() : undefined
    return known ?? Buffer.allocUnsafeSlow(Math.max(stageBytes, bytes))
  }

  return {
    take(bytes, { parts, stages }) {
      if (buffer === undefined || used + bytes > buffer.length) {
        buffer = next(bytes)
        stages.push(buffer)
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
      buffer = undefined
      last = undefined
    },
    giveBack({ stages }) {
      for (const one of stages.splice(0)) {
        if (one === buffer || one.length !== stageBytes || free.length === freeMax) continue
        free.push(one)
      }
    },
  }
}
