import {
  Answered,
  Badge,
  EmptyState,
  Facts,
  Group,
  Line,
  Lines,
  Meter,
  momentOf,
  Note,
  PageHead,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type RolesOf, useSurroundings } from '../context.ts'
import { shortId } from '../logic/peers.ts'
import { percentOf } from '../logic/roles.ts'

/** Who is drawn, who promised what and kept it, and what one's own node could do for others. */
export function Roles(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(async () => {
    const status = await sdk.network.status({})
    if (status.state === 'off') return 'off' as const
    return { ...(await sdk.network.roles({})), self: status.id }
  }, [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('drawn.page')} text={say('drawn.page.text')} />
      <Answered asked={asked} icon="clock" failed={say('drawn.failed')}>
        {(value) =>
          value === 'off' ? (
            <EmptyState icon="network" title={say('off')}>
              {say('drawn.off')}
            </EmptyState>
          ) : (
            <>
              <Operators {...value} />
              <Drawn {...value} />
              <Fitness fitness={value.fitness} />
            </>
          )
        }
      </Answered>
    </>
  )
}

function Drawn({
  period,
  term,
  self,
}: Pick<RolesOf, 'period' | 'term'> & { readonly self: string }): ReactNode {
  const { say, locale } = useSurroundings()
  if (term === undefined) return <Group title={say('drawn.none')} text={say('drawn.none.text')} />
  const { masters, drawnFrom, seed, votes, votesNeeded, trust } = term
  return (
    <Group
      title={say('drawn.title')}
      text={say('drawn.text', {
        masters: masters.length,
        relays: drawnFrom,
        until: momentOf(period.endsMs, locale),
      })}
      acts={term.isSelf ? <Badge tone="success">{say('drawn.you')}</Badge> : undefined}
    >
      <Lines label={say('drawn.title')}>
        {masters.map((id, n) => (
          <Line
            key={id}
            title={<code title={id}>{shortId(id)}</code>}
            text={id === self ? say('drawn.you') : say('drawn.other')}
            end={<span className="aq-small">{n + 1}</span>}
          />
        ))}
      </Lines>
      <Facts
        facts={[
          { name: say('drawn.seed'), value: <code className="network-seed">{seed}</code> },
          { name: say('drawn.votes'), value: say('drawn.votes.of', { votes, needed: votesNeeded }) },
          { name: say('drawn.trust'), value: say(`drawn.trust.${trust}`) },
        ]}
      />
    </Group>
  )
}

const tones = { held: 'success', new: 'plain', lost: 'warning' } as const

function Operators({ operators, measuring }: Pick<RolesOf, 'measuring' | 'operators'>): ReactNode {
  const { say, locale } = useSurroundings()
  if (operators.length === 0)
    return (
      <EmptyState icon="clock" title={say('operators.none')}>
        <p>{say('operators.none.text')}</p>
        <p>
          <code className="aq-command">anarq up --net tcp://0.0.0.0:4610 --role operator --guarantee 99</code>
        </p>
      </EmptyState>
    )
  return (
    <Group title={say('operators.title')} text={say('operators.text')}>
      {measuring.length > 0 && (
        <Note icon="clock">{say('operators.measuring', { count: measuring.length })}</Note>
      )}
      <Lines label={say('operators.title')}>
        {operators.map(({ id, isSelf, state, guarantee, uptime, measured }) => (
          <Line
            key={id}
            title={
              <>
                <code title={id}>{shortId(id)}</code>
                {isSelf && <Badge>{say('drawn.you')}</Badge>}
              </>
            }
            text={
              uptime === undefined
                ? say('operator.unmeasured', { guarantee: percentOf(guarantee, locale) })
                : say('operator.measured', {
                    guarantee: percentOf(guarantee, locale),
                    uptime: percentOf(uptime, locale),
                    measured,
                  })
            }
            end={<Badge tone={tones[state]}>{say(`operator.${state}`)}</Badge>}
          />
        ))}
      </Lines>
    </Group>
  )
}

function Fitness({ fitness: { rate, parts } }: Pick<RolesOf, 'fitness'>): ReactNode {
  const { say } = useSurroundings()
  return (
    <Group title={say('fitness.title')} text={say('fitness.text')}>
      <Meter label={say('fitness.meter')} value={rate / 100} text={say('fitness.of', { rate })} />
      <Facts
        facts={parts.map(({ of, points }) => ({
          name: say(`fitness.${of}`),
          value: points === undefined ? say('fitness.unknown') : say('fitness.of', { rate: points }),
        }))}
      />
    </Group>
  )
}
