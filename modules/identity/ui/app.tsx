import './identity.css'
import { type AppProps, createSay, Places, useAsked, useDeed, usePlaces } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useMemo } from 'react'
import { type Around, Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Cards } from './parts/cards.tsx'
import { Children } from './parts/children.tsx'
import { Devices } from './parts/devices.tsx'
import { Identities } from './parts/identities.tsx'
import { Recovery } from './parts/recovery.tsx'

const places = [
  { id: 'identities', icon: 'identity' },
  { id: 'cards', icon: 'share' },
  { id: 'devices', icon: 'devices' },
  { id: 'recovery', icon: 'key' },
  { id: 'children', icon: 'people' },
] as const
type Place = (typeof places)[number]['id']

export default function Identity({ sdk, window, events, locale }: AppProps<Sdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const { place, frame } = usePlaces(places, window, (id) => say(`place.${id}`))
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const identities = useAsked(list, events, 'identity')
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const around: Around = { sdk, say, locale, window, events, identities, deed }
  return (
    <Surroundings value={around}>
      <Places label={say('places')} {...frame}>
        <Content place={place} />
      </Places>
    </Surroundings>
  )
}

function Content({ place }: { readonly place: Place }): ReactNode {
  switch (place) {
    case 'identities':
      return <Identities />
    case 'cards':
      return <Cards />
    case 'devices':
      return <Devices />
    case 'recovery':
      return <Recovery />
    case 'children':
      return <Children />
    default:
      return place satisfies never
  }
}
