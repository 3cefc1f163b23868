import './settings.css'
import { type AppProps, PlacedScreen } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { ReactNode } from 'react'
import { Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { About } from './parts/about.tsx'
import { Appearance } from './parts/appearance.tsx'
import { Backup } from './parts/backup.tsx'
import { Keys } from './parts/keys.tsx'
import { Language } from './parts/language.tsx'
import { Network } from './parts/network.tsx'
import { Storage } from './parts/storage.tsx'

export default function Settings(app: AppProps<AppSdk>): ReactNode {
  return (
    <PlacedScreen
      app={app}
      messages={messages}
      surroundings={Surroundings}
      around={(shared) => shared}
      places={{
        appearance: { icon: 'appearance', show: () => <Appearance /> },
        language: { icon: 'language', show: () => <Language /> },
        storage: { icon: 'archive', show: () => <Storage /> },
        backup: { icon: 'restore', show: () => <Backup /> },
        keys: { icon: 'key', show: () => <Keys /> },
        network: { icon: 'network', show: () => <Network /> },
        about: { icon: 'info', show: () => <About /> },
      }}
    />
  )
}
