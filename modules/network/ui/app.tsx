import './network.css'
import { type AppProps, PlacedScreen } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import type { ReactNode } from 'react'
import { Surroundings } from './context.ts'
import { messages } from './messages/messages.ts'
import { Circuits } from './parts/circuits.tsx'
import { Here } from './parts/here.tsx'
import { Neighbours } from './parts/neighbours.tsx'
import { Nodes } from './parts/nodes.tsx'
import { People } from './parts/people.tsx'
import { Roles } from './parts/roles.tsx'

export default function Network(app: AppProps<AppSdk>): ReactNode {
  return (
    <PlacedScreen
      app={app}
      messages={messages}
      surroundings={Surroundings}
      around={(shared) => shared}
      places={{
        here: { icon: 'network', show: () => <Here /> },
        people: { icon: 'people', show: () => <People /> },
        nodes: { icon: 'devices', show: () => <Nodes /> },
        neighbours: { icon: 'grid', show: () => <Neighbours /> },
        circuits: { icon: 'link', show: () => <Circuits /> },
        roles: { icon: 'clock', show: () => <Roles /> },
      }}
    />
  )
}
