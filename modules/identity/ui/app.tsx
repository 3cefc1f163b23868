import './identity.css'
import { type AppProps, PlacedScreen, useAsked } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback } from 'react'
import { Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Cards } from './parts/cards.tsx'
import { Children } from './parts/children.tsx'
import { Devices } from './parts/devices.tsx'
import { Identities } from './parts/identities.tsx'
import { Recovery } from './parts/recovery.tsx'

export default function Identity(app: AppProps<Sdk>): ReactNode {
  const { sdk, events } = app
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const identities = useAsked(list, events, 'identity')
  return (
    <PlacedScreen
      app={app}
      messages={messages}
      surroundings={Surroundings}
      around={(shared) => ({ ...shared, identities })}
      places={{
        identities: { icon: 'identity', show: () => <Identities /> },
        cards: { icon: 'share', show: () => <Cards /> },
        devices: { icon: 'devices', show: () => <Devices /> },
        recovery: { icon: 'key', show: () => <Recovery /> },
        children: { icon: 'people', show: () => <Children /> },
      }}
    />
  )
}
