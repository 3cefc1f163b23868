import { Button, Note, useAsked } from '@anarq/design'
import { type ReactNode, useCallback, useEffect } from 'react'
import { useSurroundings } from '../context.ts'

/** Says that nobody ever showed that the words are written down. The shell shows them again: they are never an app's to see. */
export function Unconfirmed(): ReactNode {
  const { sdk, say, events, window } = useSurroundings()
  const ask = useCallback(() => sdk.identity.recovery({}), [sdk])
  const { value, again } = useAsked(ask, events, 'identity')
  // A drill that went well confirms them, and is the guardian's to tell of.
  useEffect(() => events.on('guardian', again), [events, again])
  if (value === undefined || !value.hasWords || value.areWordsConfirmed) return null
  return (
    <Note tone="warning" icon="alert">
      <strong>{say('recovery.unconfirmed')}</strong> {say('recovery.unconfirmed.text')}{' '}
      <Button size="small" onPress={() => window.open('shell', 'words')}>
        {say('recovery.unconfirmed.act')}
      </Button>
    </Note>
  )
}
