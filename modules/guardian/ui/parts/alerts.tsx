import { Button, EmptyState, Failure, Group, Lines, PageHead, useAsked } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { AlertLine } from './alert-line.tsx'

export function Alerts({ onLog }: { readonly onLog: () => void }): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(() => sdk.guardian.alerts({}), [sdk])
  const { value, problem, again } = useAsked(ask, events, 'guardian')
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
      {value === undefined && problem !== undefined && (
        <Failure
          icon="guardian"
          title={say('alerts.failed')}
          problem={problem}
          again={say('again')}
          onRetry={again}
        />
      )}
      {value?.length === 0 && (
        <EmptyState icon="guardian" title={say('alerts.none')}>
          {say('alerts.none.text')}
        </EmptyState>
      )}
      {value !== undefined && value.length > 0 && (
        <Group>
          <Lines label={say('alerts.list')}>
            {value.map((alert) => (
              <AlertLine key={alert.id} alert={alert} />
            ))}
          </Lines>
        </Group>
      )}
    </>
  )
}
