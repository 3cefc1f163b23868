import { Answered, EmptyState, Facts, Group, Meter, Note, PageHead, sizeOf } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type Kept, type Neighbourhood, useSurroundings } from '../context.ts'
import { seatsOf } from '../logic/grid.ts'
import { shortId } from '../logic/peers.ts'

/** Who keeps copies with this node, on the grid of five by five, and how well what is here is kept. */
export function Neighbours(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(async () => {
    const { state } = await sdk.network.status({})
    if (state === 'off') return 'off' as const
    const [neighbourhood, kept] = await Promise.all([sdk.network.neighbourhood({}), sdk.network.kept({})])
    return { neighbourhood, kept }
  }, [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('neighbours.title')} text={say('neighbours.text')} />
      <Answered asked={asked} icon="network" failed={say('neighbours.failed')}>
        {(value) => (
          <>
            {value === 'off' && (
              <EmptyState icon="network" title={say('off')}>
                {say('neighbours.off')}
              </EmptyState>
            )}
            {typeof value === 'object' && (
              <>
                <Grid neighbourhood={value.neighbourhood} />
                <KeptGroup kept={value.kept} />
                <Held held={value.neighbourhood.held} />
              </>
            )}
          </>
        )}
      </Answered>
    </>
  )
}

function Grid({ neighbourhood: { members } }: { readonly neighbourhood: Neighbourhood }): ReactNode {
  const { say } = useSurroundings()
  const others = members.filter(({ isSelf }) => !isSelf)
  return (
    <Group title={say('grid.title', { count: members.length })} text={say('grid.text')}>
      {others.length === 0 && <Note icon="network">{say('grid.alone')}</Note>}
      <ol className="network-grid" aria-label={say('grid.label')}>
        {seatsOf(members).map(({ seat, member }) => (
          <li
            key={seat}
            data-state={
              member === undefined ? 'free' : member.isSelf ? 'self' : member.isAnswering ? 'there' : 'silent'
            }
          >
            {member === undefined ? (
              <span className="aq-small">{say('seat.free')}</span>
            ) : (
              <>
                <code title={member.id}>
                  {member.isSelf ? say('seat.self') : shortId(member.id).slice(0, 6)}
                </code>
                <span className="aq-small">
                  {member.isSelf
                    ? ''
                    : member.isAnswering
                      ? member.latencyMs === undefined
                        ? say('seat.there')
                        : say('seat.ms', { ms: Math.round(member.latencyMs) })
                      : say('seat.silent')}
                </span>
              </>
            )}
          </li>
        ))}
      </ol>
    </Group>
  )
}

function KeptGroup({ kept }: { readonly kept: Kept }): ReactNode {
  const { say } = useSurroundings()
  const { blocks, copies, isAmongNeighbours, isCounted, index, refused } = kept
  const all = blocks.full + blocks.fewer + blocks.alone
  const elsewhere = blocks.full + blocks.fewer
  return (
    <Group title={say('kept.title')} text={say('kept.text', { copies })}>
      {!isAmongNeighbours && <Note icon="alert">{say('kept.nobody')}</Note>}
      {refused !== undefined && refused.full + refused.share > 0 && (
        <Note icon="alert">{say('kept.refused', { full: refused.full, share: refused.share })}</Note>
      )}
      {all > 0 && (
        <Meter
          label={say('kept.meter')}
          value={elsewhere / all}
          text={say(isCounted ? 'kept.of' : 'kept.so-far', { elsewhere, all })}
          tone={blocks.alone === 0 ? 'success' : 'warning'}
        />
      )}
      <Facts
        facts={[
          { name: say('kept.full', { copies }), value: String(blocks.full) },
          { name: say('kept.fewer'), value: String(blocks.fewer) },
          { name: say('kept.alone'), value: String(blocks.alone) },
          {
            name: say('kept.words'),
            value: say(
              index === undefined
                ? 'kept.words.none'
                : index.isNewest
                  ? 'kept.words.all'
                  : 'kept.words.older',
            ),
          },
        ]}
      />
    </Group>
  )
}

function Held({ held: { blocks, bytes, bytesMax } }: Pick<Neighbourhood, 'held'>): ReactNode {
  const { say, locale } = useSurroundings()
  if (bytesMax === 0)
    return (
      <Group title={say('held.title')} text={say('held.nothing')}>
        <Note icon="alert">{say('held.nothing.how')}</Note>
      </Group>
    )
  return (
    <Group title={say('held.title')} text={say('held.text')}>
      <Meter
        label={say('held.meter')}
        value={bytes / bytesMax}
        text={say('held.of', { bytes: sizeOf(bytes, locale), max: sizeOf(bytesMax, locale), blocks })}
      />
    </Group>
  )
}
