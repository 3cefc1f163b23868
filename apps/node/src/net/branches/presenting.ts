import type { NodeId } from '@anarq/qnet'
import { encodeDocuments, parseDocuments } from '@anarq/qnet/branch'
import { parseMessage } from './messages.ts'

const presentedBytesMax = 32 * 1024
const presentedEveryMs = 10_000
const peersMax = 1024

/**
 * What a node shows that is no member as far as is known here: certificates alone, small, and seldom. Whether they stand is judged
 * like all that comes; one that does makes it a member.
 */
export function createPresenting(
  nowMs: () => number,
): (from: NodeId, bytes: Uint8Array) => Uint8Array | undefined {
  const lastMs = new Map<NodeId, number>()
  return (from, bytes) => {
    if (bytes.length > presentedBytesMax || nowMs() - (lastMs.get(from) ?? 0) < presentedEveryMs)
      return undefined
    lastMs.set(from, nowMs())
    if (lastMs.size > peersMax) lastMs.delete(lastMs.keys().next().value as NodeId)
    const message = parseMessage(bytes)
    if (message.kind !== 'documents') return undefined
    const { certificates } = parseDocuments(message.documents)
    if (certificates.length === 0) return undefined
    return encodeDocuments({
      charters: [],
      certificates: certificates.slice(0, 2),
      revocations: [],
      cards: [],
    })
  }
}
