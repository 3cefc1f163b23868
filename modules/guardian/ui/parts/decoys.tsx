import { EmptyState, Failure, Group, Lines, PageHead, useAsked } from '@anarq/design'
import { type ReactNode, useCallback } from 'react'
import { useSurroundings } from '../context.ts'
import { AlertLine } from './alert-line.tsx'

/** Who touched a decoy, and how one is laid. */
export function Decoys(): ReactNode {
  const { sdk, say, events } = useSurroundings()
  const ask = useCallback(
    async () => (await sdk.guardian.alerts({})).filter(({ kind }) => kind === 'decoy'),
    [sdk],
  )
  const { value, problem, again } = useAsked(ask, events, 'guardian')
  return (
    <>
      <PageHead title={say('decoys.title')} text={say('decoys.text')} />
      {value === undefined && problem !== undefined && (
        <Failure
          icon="eye"
          title={say('alerts.failed')}
          problem={problem}
          again={say('again')}
          onRetry={again}
        />
      )}
      {value?.length === 0 && (
        <EmptyState icon="eye" title={say('decoys.none')}>
          {say('decoys.none.text')}
        </EmptyState>
      )}
      {value !== undefined && value.length > 0 && (
        <Group title={say('decoys.touched')}>
          <Lines label={say('decoys.touched')}>
            {value.map((alert) => (
              <AlertLine key={alert.id} alert={alert} />
            ))}
          </Lines>
        </Group>
      )}
      <Group title={say('decoys.how')} text={say('decoys.how.text')}>
        <code className="aq-command">anarq put passwords.txt --to /private --decoy</code>
      </Group>
    </>
  )
}
