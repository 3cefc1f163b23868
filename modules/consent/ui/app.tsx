import './consent.css'
import { type AppProps, PlacedScreen, useNames } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useCallback } from 'react'
import { Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Apps } from './parts/apps.tsx'
import { Grants } from './parts/grants.tsx'
import { Refused } from './parts/refused.tsx'

export default function Consent(app: AppProps<AppSdk>): ReactNode {
  const { sdk, events } = app
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const nameOf = useNames(list, events)
  return (
    <PlacedScreen
      app={app}
      messages={messages}
      surroundings={Surroundings}
      around={(shared) => ({ ...shared, nameOf })}
      places={{
        out: { icon: 'share', show: () => <Grants direction="out" /> },
        in: { icon: 'download', show: () => <Grants direction="in" /> },
        refused: { icon: 'lock', show: () => <Refused /> },
        apps: { icon: 'apps', show: () => <Apps /> },
      }}
    />
  )
}
