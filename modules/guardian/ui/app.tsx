import './guardian.css'
import { type AppProps, createSay, Places, useDeed, useNames, usePlaces } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useCallback, useMemo } from 'react'
import { type Around, Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Alerts } from './parts/alerts.tsx'
import { Decoys } from './parts/decoys.tsx'
import { Live } from './parts/live.tsx'
import { Log } from './parts/log.tsx'
import { Risks } from './parts/risks.tsx'

const places = [
  { id: 'alerts', icon: 'bell' },
  { id: 'live', icon: 'play' },
  { id: 'risks', icon: 'people' },
  { id: 'decoys', icon: 'eye' },
  { id: 'log', icon: 'list' },
] as const
type Place = (typeof places)[number]['id']

export default function Guardian({ sdk, window, events, locale }: AppProps<AppSdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const { place, go, frame } = usePlaces(places, window, (id) => say(`place.${id}`))
  const list = useCallback(() => sdk.identity.list({}), [sdk])
  const nameOf = useNames(list, events)
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const around: Around = { sdk, say, locale, window, events, deed, nameOf }
  return (
    <Surroundings value={around}>
      <Places label={say('places')} {...frame} isFull={place === 'log'}>
        <Content place={place} onLog={() => go('log')} />
      </Places>
    </Surroundings>
  )
}

function Content({ place, onLog }: { readonly place: Place; readonly onLog: () => void }): ReactNode {
  switch (place) {
    case 'alerts':
      return <Alerts onLog={onLog} />
    case 'live':
      return <Live />
    case 'risks':
      return <Risks />
    case 'decoys':
      return <Decoys />
    case 'log':
      return <Log />
    default:
      return place satisfies never
  }
}
