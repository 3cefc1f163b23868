import './consent.css'
import { type AppProps, createSay, Places, shortAddress, useAsked, useDeed } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { ConsentContext, type Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Apps } from './parts/apps.tsx'
import { Grants } from './parts/grants.tsx'
import { Refused } from './parts/refused.tsx'

const places = [
  { id: 'out', icon: 'share' },
  { id: 'in', icon: 'download' },
  { id: 'refused', icon: 'lock' },
  { id: 'apps', icon: 'apps' },
] as const
type Place = (typeof places)[number]['id']

export default function Consent({ sdk, window, events, locale }: AppProps<Sdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const [place, setPlace] = useState<Place>(placeIn(window.argument))
  useEffect(() => {
    if (window.argument !== undefined) setPlace(placeIn(window.argument))
  }, [window.argument])
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const { value: identities = [] } = useAsked(list, events, 'identity')
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const nameOf = (did: string): string =>
    identities.find((one) => one.did === did || one.formerly.includes(did))?.name ?? shortAddress(did)
  const surroundings: Surroundings = { sdk, say, locale, window, events, deed, nameOf }
  return (
    <ConsentContext value={surroundings}>
      <Places
        label={say('places')}
        items={places.map(({ id, icon }) => ({ id, icon, label: say(`place.${id}`) }))}
        selected={place}
        onSelect={setPlace}
        isNarrow={window.isNarrow}
      >
        <Content place={place} />
      </Places>
    </ConsentContext>
  )
}

function Content({ place }: { readonly place: Place }): ReactNode {
  switch (place) {
    case 'out':
    case 'in':
      return <Grants key={place} direction={place} />
    case 'refused':
      return <Refused />
    case 'apps':
      return <Apps />
    default:
      return place satisfies never
  }
}

function placeIn(argument: string | undefined): Place {
  return places.find(({ id }) => id === argument)?.id ?? 'out'
}
