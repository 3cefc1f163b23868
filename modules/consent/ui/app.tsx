import './consent.css'
import { type AppProps, createSay, Places, useDeed, useNames, usePlaces } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useCallback, useMemo } from 'react'
import { type Around, Surroundings } from './context.ts'
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

export default function Consent({ sdk, window, events, locale }: AppProps<AppSdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const { place, frame } = usePlaces(places, window, (id) => say(`place.${id}`))
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const nameOf = useNames(list, events)
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const around: Around = { sdk, say, locale, window, events, deed, nameOf }
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
