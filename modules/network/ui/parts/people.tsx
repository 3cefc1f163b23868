import { Answered, Badge, EmptyState, Group, Line, Lines, PageHead, shortAddress } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useWatched } from '../asking.ts'
import { type Person, useSurroundings } from '../context.ts'

const tones = { here: 'success', away: 'plain', unknown: 'plain' } as const
const namesShown = 3

/** With whom one shares, and whether their nodes answer now. */
export function People(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.network.people({}), [sdk])
  const asked = useWatched(ask, events)
  return (
    <>
      <PageHead title={say('people.title')} text={say('people.text')} />
      <Answered asked={asked} icon="people" failed={say('people.failed')}>
        {(value) => (
          <>
            {value.length === 0 && (
              <EmptyState icon="people" title={say('people.none')}>
                {say('people.none.text')}
              </EmptyState>
            )}
            {value.length > 0 && (
              <Group>
                <Lines label={say('people.title')}>
                  {value.map((person) => (
                    <PersonLine key={person.did} person={person} />
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

function PersonLine({ person }: { readonly person: Person }): ReactNode {
  const { say } = useSurroundings()
  const { did, given, received, presence, latencyMs } = person
  const facts = [
    ...(received.length === 0 ? [] : [say('people.received', { names: listed(received) })]),
    ...(given.length === 0 ? [] : [say('people.given', { names: listed(given) })]),
  ]
  return (
    <Line
      title={<code title={did}>{shortAddress(did)}</code>}
      text={facts.join(' · ')}
      isFaded={presence !== 'here'}
      end={
        <>
          {latencyMs !== undefined && <span className="aq-small">{say('ms', { ms: latencyMs })}</span>}
          <Badge tone={tones[presence]}>{say(`people.${presence}`)}</Badge>
        </>
      }
    />
  )
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, namesShown).join(', ')}${names.length > namesShown ? ', …' : ''}`
}
