import { Answered, Button, EmptyState, Group, Lines, PageHead, useAsked } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { AlertLine } from './alert-line.tsx'

export function Alerts({ onLog }: { readonly onLog: () => void }): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.alerts({}), [sdk])
  const asked = useAsked(ask, events, 'guardian')
  return (
    <>
      <PageHead
        title={say('alerts.title')}
        text={say('alerts.text')}
        acts={
          <Button icon="list" onPress={onLog}>
            {say('place.log')}
          </Button>
        }
      />
      <Answered asked={asked} icon="guardian" failed={say('alerts.failed')}>
        {(value) =>
          value.length === 0 ? (
            <EmptyState icon="guardian" title={say('alerts.none')}>
              {say('alerts.none.text')}
            </EmptyState>
          ) : (
            <Group>
              <Lines label={say('alerts.list')}>
                {value.map((alert) => (
                  <AlertLine key={alert.id} alert={alert} />
                ))}
              </Lines>
            </Group>
          )
        }
      </Answered>
    </>
  )
}
