import { Badge, EmptyState, Failure, Group, Line, Lines, PageHead, Switch, useAsked } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'

type App = Awaited<ReturnType<Sdk['apps']['list']>>[number]

export function Apps(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.apps.list({}), [sdk])
  const { value, problem, again } = useAsked(ask, events, 'apps')
  const hasNone = problem?.code === 'unavailable.apps'
  return (
    <>
      <PageHead title={say('apps.title')} text={say('apps.text')} />
      {value === undefined && problem !== undefined && !hasNone && (
        <Failure
          icon="apps"
          title={say('apps.failed')}
          problem={problem}
          again={say('again')}
          onRetry={again}
        />
      )}
      {(hasNone || value?.length === 0) && (
        <EmptyState icon="apps" title={say('apps.none')}>
          {say(hasNone ? 'apps.unavailable.text' : 'apps.none.text')}
        </EmptyState>
      )}
      {value?.map((app) => (
        <AppGroup key={app.id} app={app} onChanged={again} />
      ))}
    </>
  )
}

function AppGroup({ app, onChanged }: { readonly app: App; readonly onChanged: () => void }): ReactNode {
  const { sdk, say, deed } = useSurroundings()
  const { id, name, version, publisher, permissions, isOn } = app
  const by =
    publisher === undefined
      ? say('apps.unsigned', { version })
      : say('apps.by', { name: publisher.name, version })
  return (
    <Group title={name} text={by} acts={!isOn && <Badge>{say('apps.off')}</Badge>}>
      {permissions.length === 0 ? (
        <p className="aq-small">{say('apps.nothing')}</p>
      ) : (
        <Lines label={say('apps.list', { name })}>
          {permissions.map(({ id: permission, means, why, isGranted }) => (
            <Line
              key={permission}
              title={means}
              text={say('apps.why', { why })}
              end={
                <Switch
                  aria-label={`${name}: ${means}`}
                  isSelected={isGranted}
                  isDisabled={deed.isBusy}
                  onChange={(granted) =>
                    void deed
                      .run(() => sdk.apps.grant({ id, permission, isGranted: granted }))
                      .then(onChanged)
                  }
                >
                  {null}
                </Switch>
              }
            />
          ))}
        </Lines>
      )}
    </Group>
  )
}
