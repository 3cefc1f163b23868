import './guardian.css'
import { type AppProps, PlacedScreen, useNames } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useCallback } from 'react'
import { Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Alerts } from './parts/alerts.tsx'
import { Decoys } from './parts/decoys.tsx'
import { Live } from './parts/live.tsx'
import { Log } from './parts/log.tsx'
import { Risks } from './parts/risks.tsx'

export default function Guardian(app: AppProps<AppSdk>): ReactNode {
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
        alerts: { icon: 'bell', show: (go) => <Alerts onLog={() => go('log')} /> },
        live: { icon: 'play', show: () => <Live /> },
        risks: { icon: 'people', show: () => <Risks /> },
        decoys: { icon: 'eye', show: () => <Decoys /> },
        log: { icon: 'list', isFull: true, show: () => <Log /> },
      }}
    />
  )
}
