import { Badge, Facts, Failure, Group, Mark, Skeleton, useAsked } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'

export function About(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.system.status({}), [sdk])
  const { value, problem, again } = useAsked(ask, events, 'identity')
  if (value === undefined && problem !== undefined)
    return (
      <Failure
        icon="network"
        title={say('about.failed')}
        problem={problem}
        again={say('again')}
        onRetry={again}
      />
    )
  const coming = <Skeleton width={140} />
  return (
    <>
      <header className="about-head">
        <Mark size={64} />
        <h2>AnarQ</h2>
        <p>{say('about.text')}</p>
      </header>
      <Group>
        <Facts
          facts={[
            {
              name: say('about.identity'),
              value: value === undefined ? coming : (value.current?.name ?? '–'),
            },
            {
              name: say('about.did'),
              value: value === undefined ? coming : <code>{value.current?.did ?? '–'}</code>,
            },
            { name: say('about.version'), value: value?.version ?? coming },
            {
              name: say('about.state'),
              value:
                value === undefined ? (
                  coming
                ) : (
                  <Badge tone="success" icon="check">
                    {say('about.state.open')}
                  </Badge>
                ),
            },
          ]}
        />
      </Group>
      <Group title={say('about.more')}>
        <ul className="about-links">
          <li>
            <a href="/api/docs" target="_blank" rel="noreferrer">
              {say('about.docs')}
            </a>
            <p>{say('about.docs.text')}</p>
          </li>
          <li>
            <a href="/licences.txt" target="_blank" rel="noreferrer">
              {say('about.libraries')}
            </a>
            <p>{say('about.libraries.text')}</p>
          </li>
        </ul>
      </Group>
      <p className="about-small">{say('about.promise')}</p>
      <p className="about-small">{say('about.licence')}</p>
    </>
  )
}
