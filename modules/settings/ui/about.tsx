import { type AppEvents, Badge, Button, EmptyState, Mark, type Say, Skeleton } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import type { MessageKey } from './messages.ts'

type Status = Awaited<ReturnType<Sdk['system']['status']>>
export type AboutProps = { readonly say: Say<MessageKey>; readonly sdk: Sdk; readonly events: AppEvents }

export function About({ say, sdk, events }: AboutProps): ReactNode {
  const [status, setStatus] = useState<Status>()
  const [problem, setProblem] = useState<string>()
  const load = useCallback(() => {
    sdk.system.status({}).then(
      (found) => {
        setStatus(found)
        setProblem(undefined)
      },
      (thrown: Error) => setProblem(thrown.message),
    )
  }, [sdk])
  useEffect(() => {
    load()
    return events.on('identity', load)
  }, [load, events])

  if (problem !== undefined && status === undefined) {
    return (
      <EmptyState
        icon="network"
        tone="danger"
        title={say('about')}
        acts={
          <Button icon="refresh" onPress={load}>
            {say('about.retry')}
          </Button>
        }
      >
        {say('about.failed', { problem })}
      </EmptyState>
    )
  }
  return (
    <>
      <header className="about-head">
        <Mark size={64} />
        <h2>AnarQ</h2>
        <p>{say('about.text')}</p>
      </header>
      <dl className="settings-group facts">
        <Fact name={say('about.identity')}>{status?.current?.name}</Fact>
        <Fact name={say('about.did')}>
          {status === undefined ? undefined : <code>{status.current?.did ?? '–'}</code>}
        </Fact>
        <Fact name={say('about.version')}>{status?.version}</Fact>
        <Fact name={say('about.state')}>
          {status === undefined ? undefined : (
            <Badge tone="success" icon="check">
              {say('about.state.open')}
            </Badge>
          )}
        </Fact>
      </dl>
      <p className="about-small">{say('about.promise')}</p>
      <p className="about-small">{say('about.licence')}</p>
    </>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children ?? <Skeleton width={140} />}</dd>
    </div>
  )
}
