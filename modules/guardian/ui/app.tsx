import './guardian.css'
import { type AppProps, createSay, Places, shortAddress, useAsked, useDeed } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import { GuardianContext, type Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Alerts } from './parts/alerts.tsx'
import { Decoys } from './parts/decoys.tsx'
import { Live } from './parts/live.tsx'
import { Log } from './parts/log.tsx'

const places = [
  { id: 'alerts', icon: 'bell' },
  { id: 'live', icon: 'play' },
  { id: 'decoys', icon: 'eye' },
  { id: 'log', icon: 'list' },
] as const
type Place = (typeof places)[number]['id']

export default function Guardian({ sdk, window, events, locale }: AppProps<Sdk>): ReactNode {
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
    <GuardianContext value={surroundings}>
      <Places
        label={say('places')}
        items={places.map(({ id, icon }) => ({ id, icon, label: say(`place.${id}`) }))}
        selected={place}
        onSelect={setPlace}
        isNarrow={window.isNarrow}
        isFull={place === 'log'}
      >
        <Content place={place} onLog={() => setPlace('log')} />
      </Places>
    </GuardianContext>
  )
}

function Content({ place, onLog }: { readonly place: Place; readonly onLog: () => void }): ReactNode {
  switch (place) {
    case 'alerts':
      return <Alerts onLog={onLog} />
    case 'live':
      return <Live />
    case 'decoys':
      return <Decoys />
    case 'log':
      return <Log />
    default:
      return place satisfies never
  }
}

function placeIn(argument: string | undefined): Place {
  return places.find(({ id }) => id === argument)?.id ?? 'alerts'
}
