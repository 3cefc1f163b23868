import type { AppProps } from '@anarq/design'
import { Fault } from '@anarq/fault'
import type { AppSdk } from '@anarq/sdk/app'
import type { ReactNode } from 'react'
import { type Client, shellApp } from '../client/port.ts'
import { ComponentScreen, type Mount } from './component-screen.tsx'
import { FrameScreen } from './frame-screen.tsx'
import type { InstalledFacts } from './installed.ts'

/** Asks the node where the app's files are from now on, and gives what draws it in a window. */
export async function installedScreen(
  app: InstalledFacts,
  client: Client,
): Promise<{ readonly default: (props: AppProps<AppSdk>) => ReactNode }> {
  const { kind, address } = await client.sdkFor(shellApp).apps.launch({ id: app.id })
  if (!address.startsWith(`/apps/${app.id}/`))
    throw new Fault('internal.launch', `The address of ${app.name} is not its own.`)
  if (kind === 'frame')
    return { default: (props) => <FrameScreen {...props} app={app} address={address} client={client} /> }
  const module = (await import(/* @vite-ignore */ address)) as { mount?: unknown; default?: unknown }
  const mount = module.mount ?? module.default
  if (typeof mount !== 'function')
    throw new Fault('invalid.component', `${app.name} has no mount(element, shell) to be shown by.`)
  return {
    default: (props) => <ComponentScreen {...props} app={app} mount={mount as Mount} client={client} />,
  }
}
