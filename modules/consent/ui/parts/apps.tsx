import {
  Answered,
  Badge,
  EmptyState,
  Group,
  Line,
  Lines,
  PageHead,
  problemOf,
  Switch,
  useAsked,
} from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'

type App = Awaited<ReturnType<Sdk['apps']['list']>>[number]

export function Apps(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.apps.list({}).catch(noneWhereOff), [sdk])
  const asked = useAsked(ask, events, 'apps')
  return (
    <>
      <PageHead title={say('apps.title')} text={say('apps.text')} />
      <Answered asked={asked} icon="apps" failed={say('apps.failed')}>
        {(value) =>
          value === 'none' || value.length === 0 ? (
            <EmptyState icon="apps" title={say('apps.none')}>
              {say(value === 'none' ? 'apps.unavailable.text' : 'apps.none.text')}
            </EmptyState>
          ) : (
            value.map((app) => <AppGroup key={app.id} app={app} onChanged={asked.again} />)
          )
        }
      </Answered>
    </>
  )
}

/** A node may do without apps: that is no failure. */
function noneWhereOff(thrown: unknown): 'none' {
  if (problemOf(thrown).code === 'unavailable.apps') return 'none'
  throw thrown
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
