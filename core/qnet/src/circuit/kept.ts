import { toHex } from '@anarq/bytes'
import type { World } from '../world.ts'
import type { Stream } from './stream.ts'

/** Kept streams of all circuits of this node, by the token that their client drew. */
export type Kept = {
  add(token: Uint8Array, stream: Stream): boolean
  find(token: Uint8Array): Stream | undefined
  /** Nobody is connected to it: it waits so long, and then it is over. */
  wait(stream: Stream): void
}

const keptMax = 1024
const keptMs = 120_000

export function createKept(world: World): Kept {
  const byToken = new Map<string, { stream: Stream; cancel?: () => void }>()
  const sweep = (): void => {
    for (const [token, { stream }] of byToken) if (stream.isOver) byToken.delete(token)
  }
  return {
    add(token, stream) {
      if (byToken.size >= keptMax) sweep()
      if (byToken.size >= keptMax || byToken.has(toHex(token))) return false
      byToken.set(toHex(token), { stream })
      return true
    },
    find(token) {
      const entry = byToken.get(toHex(token))
      entry?.cancel?.()
      return entry?.stream.isOver === false ? entry.stream : undefined
    },
    wait(stream) {
      for (const [token, entry] of byToken) {
        if (entry.stream !== stream) continue
        if (stream.isOver) byToken.delete(token)
        else
          entry.cancel = world.after(keptMs, () => {
            byToken.delete(token)
            stream.abandon('lost')
          })
      }
    },
  }
}
