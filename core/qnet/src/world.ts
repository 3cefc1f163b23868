import type { Clock } from '@anarq/clock'
import type { Random } from '@anarq/random'
import type { NodeId } from './node-id.ts'

/** Time and chance, as a protocol sees them. In the simulator one event queue stands behind the worlds of all nodes. */
export type World = {
  readonly clock: Clock
  readonly random: Random
  /** Runs `task` once, `delayMs` from now at the earliest, unless the returned function is called before. */
  after(delayMs: number, task: () => void): () => void
}

/**
 * Messages between nodes that know each other's id. Whoever holds the wire finds the way (an open link, or a new one).
 * Delivery is not promised, order is per node, and what arrives comes from whom it says: the link has proved it.
 */
export type Wire = {
  /** At most `messageBytesMax`; the bytes are the wire's from now on. Never throws: what cannot be sent is lost. */
  send(to: NodeId, message: Uint8Array): void
}

/** A sealed block of the largest size, and what stands around it. */
export const messageBytesMax: number = 8 * 1024 * 1024 + 4096
