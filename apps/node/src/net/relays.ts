import { toHex } from '@anarq/bytes'
import type { NodeId } from '@anarq/qnet'
import type { RelayFacts } from '@anarq/qnet/circuit'
import type { Listed } from '@anarq/qnet/discovery'

/** What is known of a link to a node just now. */
type LinkFacts = { readonly latencyMs: number | undefined }

/**
 * The relays that circuits of this node may go by: those that answered it, that can be dialled, and whose onion key is not over.
 * Their rate is what they say themselves, which paths believe up to what they measure.
 */
export function relaysOf(
  nodes: readonly Listed[],
  self: NodeId,
  nowMs: number,
  linkTo: (id: NodeId) => LinkFacts | undefined,
): readonly RelayFacts[] {
  return nodes.flatMap(({ record, standing, rttMs }): RelayFacts[] => {
    const serves = record.roles.includes('relay') || record.roles.includes('exit')
    const isMet = standing === 'answered' || standing === 'verified'
    if (!serves || !isMet || record.id === self || record.addresses.length === 0) return []
    if (record.onionEndMs <= nowMs) return []
    const linkRttMs = linkTo(record.id)?.latencyMs ?? rttMs
    return [
      {
        hop: { node: record.id, onionKey: record.onionKey },
        hosts: record.addresses.map(({ host }) => host),
        ...(record.family === undefined ? {} : { family: toHex(record.family) }),
        neighbourhoods: [...record.branches, ...record.brokers].map(toHex),
        isExit: record.roles.includes('exit'),
        declaredRate: 2 ** record.capacity * 1e6,
        ...(linkRttMs === undefined ? {} : { linkRttMs }),
        sinceMs: record.sinceMs,
      },
    ]
  })
}
