import './identity.css'
import { type AppProps, createSay, Places, useAsked, useDeed } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { IdentityContext, type Surroundings } from './context.ts'
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
  const [place, setPlace] = useState<Place>(placeIn(window.argument))
  useEffect(() => {
    if (window.argument !== undefined) setPlace(placeIn(window.argument))
  }, [window.argument])
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const identities = useAsked(list, events, 'identity')
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const surroundings: Surroundings = { sdk, say, locale, window, events, identities, deed }
  return (
    <IdentityContext value={surroundings}>
      <Places
        label={say('places')}
        items={places.map(({ id, icon }) => ({ id, icon, label: say(`place.${id}`) }))}
        selected={place}
        onSelect={setPlace}
        isNarrow={window.isNarrow}
      >
        <Content place={place} />
      </Places>
    </IdentityContext>
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

function placeIn(argument: string | undefined): Place {
  return places.find(({ id }) => id === argument)?.id ?? 'identities'
}
