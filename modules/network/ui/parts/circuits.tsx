import {
  Answered,
  agoOf,
  Badge,
  EmptyState,
  Facts,
  Group,
  Line,
  Lines,
  Note,
  PageHead,
  sizeOf,
} from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type CircuitsOf, useSurroundings } from '../context.ts'
import { shortId } from '../logic/peers.ts'

const hopsOfCircuit = 3

/** Ways over three other nodes, so that none of them knows both ends. */
export function Circuits(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(async () => {
    const { state } = await sdk.network.status({})
    return state === 'off' ? ('off' as const) : sdk.network.circuits({})
  }, [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('circuits.title')} text={say('circuits.text')} />
      <Answered asked={asked} icon="network" failed={say('circuits.failed')}>
        {(value) => (
          <>
            {value === 'off' && (
              <EmptyState icon="network" title={say('off')}>
                {say('circuits.off')}
              </EmptyState>
            )}
            {typeof value === 'object' && (
              <>
                <Ways facts={value} />
                <Own circuits={value.circuits} />
              </>
            )}
          </>
        )}
      </Answered>
    </>
  )
}

function Ways({ facts }: { readonly facts: CircuitsOf }): ReactNode {
  const { say, locale } = useSurroundings()
  const { socks, socksFault, relays, exits, choice, passing } = facts
  const canBuild = relays >= hopsOfCircuit && exits > 0
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
  return (
    <Group title={say(canBuild ? 'ways.there' : 'ways.few')} text={say('ways.text', { relays, exits })}>
      {socks === undefined && (
        <Note icon="network">
          {socksFault === undefined ? say('door.none') : say('door.taken', { port: socksFault.port })}
        </Note>
      )}
      <Facts
        facts={[
          {
            name: say('door'),
            value: socks === undefined ? say('door.closed') : <code>{`${socks.host}:${socks.port}`}</code>,
          },
          {
            name: say('choice'),
            value: say('choice.bits', {
              bits: number.format(choice.last.entropyBits),
              even: number.format(choice.last.evenBits),
            }),
          },
          { name: say('passing'), value: String(passing) },
        ]}
      />
    </Group>
  )
}

function Own({ circuits }: Pick<CircuitsOf, 'circuits'>): ReactNode {
  const { say, locale } = useSurroundings()
  if (circuits.length === 0)
    return (
      <EmptyState icon="network" title={say('own.none')}>
        {say('own.none.text')}
      </EmptyState>
    )
  const nowMs = Date.now()
  return (
    <Group title={say('own.title')}>
      <Lines label={say('own.title')}>
        {circuits.map(({ hops, ageMs, streams, bytes, rttMs, isRetired }) => (
          <Line
            key={hops.map(({ id }) => id).join(' ')}
            title={<code>{hops.map(({ id }) => shortId(id).slice(0, 8)).join(' → ')}</code>}
            text={say('own.facts', {
              ago: agoOf(nowMs - ageMs, nowMs, locale),
              streams,
              bytes: sizeOf(bytes, locale),
            })}
            end={
              <>
                {rttMs !== undefined && (
                  <span className="aq-small">{say('ms', { ms: Math.round(rttMs) })}</span>
                )}
                <Badge tone={isRetired ? 'plain' : 'success'}>
                  {say(isRetired ? 'own.retired' : 'own.fresh')}
                </Badge>
              </>
            }
          />
        ))}
      </Lines>
    </Group>
  )
}
