import './settings.css'
import { type AppProps, createSay, Places, useDeed, usePlaces } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useMemo } from 'react'
import { type Around, Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { About } from './parts/about.tsx'
import { Appearance } from './parts/appearance.tsx'
import { Backup } from './parts/backup.tsx'
import { Keys } from './parts/keys.tsx'
import { Language } from './parts/language.tsx'
import { Network } from './parts/network.tsx'
import { Storage } from './parts/storage.tsx'

const places = [
  { id: 'appearance', icon: 'appearance' },
  { id: 'language', icon: 'language' },
  { id: 'storage', icon: 'archive' },
  { id: 'backup', icon: 'restore' },
  { id: 'keys', icon: 'key' },
  { id: 'network', icon: 'network' },
  { id: 'about', icon: 'info' },
] as const
type Place = (typeof places)[number]['id']

export default function Settings(props: AppProps<AppSdk>): ReactNode {
  const { sdk, window, events, locale, preferences } = props
  const say = useMemo(() => createSay(messages, locale), [locale])
  const { place, frame } = usePlaces<Place>(places, window, (id) => say(id))
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const around: Around = { sdk, say, locale, window, events, deed, preferences }
  return (
    <Surroundings value={around}>
      <Places label={say('settings.places')} {...frame}>
        <Content place={place} />
      </Places>
    </Surroundings>
  )
}

function Content({ place }: { readonly place: Place }): ReactNode {
  switch (place) {
    case 'appearance':
      return <Appearance />
    case 'language':
      return <Language />
    case 'storage':
      return <Storage />
    case 'backup':
      return <Backup />
    case 'keys':
      return <Keys />
    case 'network':
      return <Network />
    case 'about':
      return <About />
    default:
      return place satisfies never
  }
}
