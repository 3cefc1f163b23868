import './network.css'
import { type AppProps, createSay, Places, useDeed, usePlaces } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useMemo } from 'react'
import { type Around, Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Circuits } from './parts/circuits.tsx'
import { Here } from './parts/here.tsx'
import { Neighbours } from './parts/neighbours.tsx'
import { Nodes } from './parts/nodes.tsx'
import { People } from './parts/people.tsx'
import { Roles } from './parts/roles.tsx'

const places = [
  { id: 'here', icon: 'network' },
  { id: 'people', icon: 'people' },
  { id: 'nodes', icon: 'devices' },
  { id: 'neighbours', icon: 'grid' },
  { id: 'circuits', icon: 'link' },
  { id: 'roles', icon: 'clock' },
] as const
type Place = (typeof places)[number]['id']

export default function Network({ sdk, window, events, locale }: AppProps<AppSdk>): ReactNode {
  const say = useMemo(() => createSay(messages, locale), [locale])
  const { place, frame } = usePlaces(places, window, (id) => say(`place.${id}`))
  const deed = useDeed(({ sentence }) =>
    window.notify({ title: say('failed'), text: sentence, tone: 'danger' }),
  )
  const around: Around = { sdk, say, locale, window, events, deed }
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
    case 'here':
      return <Here />
    case 'people':
      return <People />
    case 'nodes':
      return <Nodes />
    case 'neighbours':
      return <Neighbours />
    case 'circuits':
      return <Circuits />
    case 'roles':
      return <Roles />
    default:
      return place satisfies never
  }
}
