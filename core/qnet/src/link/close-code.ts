import { fromUtf8 } from '@anarq/bytes'
import { frameType, type OutFrame, writeClose } from './frame.ts'

/** Why a link ended, as it stands in CLOSE frames and reports; the numbers are the wire's. */
export const closeCode = {
  /** Nobody needs it any more. */
  done: 0,
  /** Another link to the same peer stays. */
  duplicate: 1,
  /** The node is being stopped. */
  goingAway: 2,
  /** The host does not want this peer. */
  refused: 3,
  /** The other side broke the protocol. */
  protocol: 4,
  /** The other side sent or opened more than it may. */
  limit: 5,
  /** Nothing came back for too long. */
  silent: 6,
  /** The other side did not take part in a fresh key exchange in time. */
  staleKeys: 7,
  /** The handshake failed, or took too long: no CLOSE frame can say so. */
  handshake: 8,
  /** The transport ended without a word. */
  transport: 9,
} as const

export type CloseReason = keyof typeof closeCode

const reasons = new Map(
  Object.entries(closeCode).map(([reason, code]) => [code as number, reason as CloseReason]),
)

/** What a peer says that we do not know counts as `done`: it is gone either way. */
export function reasonOf(code: number): CloseReason {
  return reasons.get(code) ?? 'done'
}

export function closeFrame(reason: CloseReason, text: string): OutFrame {
  return { type: frameType.close, id: 0, pieces: [writeClose(closeCode[reason], fromUtf8(text))] }
}
