import { Answered, agoOf, Badge, EmptyState, Group, Line, Lines, PageHead, useNow } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type Peer, useSurroundings } from '../context.ts'
import { inOrder, shortId } from '../logic/peers.ts'

/** All nodes that this one knows, and what was seen of each. */
export function Nodes(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(async () => {
    const { state } = await sdk.network.status({})
    return state === 'off' ? ('off' as const) : inOrder(await sdk.network.peers({}))
  }, [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('nodes.title')} text={say('nodes.text')} />
      <Answered asked={asked} icon="network" failed={say('nodes.failed')}>
        {(value) => (
          <>
            {value === 'off' && (
              <EmptyState icon="network" title={say('off')}>
                {say('nodes.off')}
              </EmptyState>
            )}
            {value !== 'off' && value.length === 0 && (
              <EmptyState icon="network" title={say('nodes.none')}>
                {say('nodes.none.text')}
              </EmptyState>
            )}
            {value !== 'off' && value.length > 0 && (
              <Group>
                <Lines label={say('nodes.title')}>
                  {value.map((peer) => (
                    <NodeLine key={peer.id} peer={peer} />
                  ))}
                </Lines>
              </Group>
            )}
          </>
        )}
      </Answered>
    </>
  )
}

function NodeLine({ peer }: { readonly peer: Peer }): ReactNode {
  const { say, locale } = useSurroundings()
  const nowMs = useNow()
  const { id, standing, isLinked, latencyMs, addresses, roles, sinceMs, way, by } = peer
  const facts = [
    addresses.length === 0 ? say('address.none') : addresses.join(', '),
    ...(way === 'punched' ? [say('way.punched')] : []),
    ...(way === 'relayed' ? [say('way.relayed', { by: shortId(by ?? '') })] : []),
    say('there-since', { ago: agoOf(sinceMs, nowMs, locale) }),
    ...roles.map((role) => say(`role.${role}`)),
  ]
  return (
    <Line
      title={<code title={id}>{shortId(id)}</code>}
      text={facts.join(' · ')}
      isFaded={standing === 'claimed'}
      end={
        <>
          {latencyMs !== undefined && <span className="aq-small">{say('ms', { ms: latencyMs })}</span>}
          <Badge tone={isLinked ? 'success' : 'plain'}>
            {say(isLinked ? 'linked' : `standing.${standing}`)}
          </Badge>
        </>
      }
    />
  )
}
