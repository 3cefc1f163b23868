import { type AppDefinition, type AppProps, createSay, EmptyState } from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import type { Client } from '../client/port.ts'
import { messages } from '../messages/messages.ts'
import { AppFrame } from './app-frame.tsx'

type Facts = Awaited<ReturnType<Sdk['apps']['list']>>[number]
type Launch = Awaited<ReturnType<Sdk['apps']['launch']>>

/** Installed apps as the shell knows its own: each page in a frame, each call held to what the app was granted. */
export function installedApps(facts: readonly Facts[], client: Client): AppDefinition<Sdk>[] {
  return facts
    .filter((one) => one.isOn && one.ui?.kind === 'frame')
    .map((one) => ({
      id: one.id,
      name: { en: one.name, es: one.name },
      about: { en: one.description, es: one.description },
      icon: 'window',
      hue: hueOf(one.id),
      load: async () => ({
        default: (props: AppProps<Sdk>) => <Framed {...props} facts={one} client={client} />,
      }),
      ...(one.defaultSize === undefined ? {} : { size: one.defaultSize }),
    }))
}

type FramedProps = AppProps<Sdk> & { readonly facts: Facts; readonly client: Client }

function Framed({ facts, client, window, locale, theme, sdk }: FramedProps): ReactNode {
  const { id, name } = facts
  const [launch, setLaunch] = useState<Launch>()
  const [problem, setProblem] = useState<string>()
  const call = useMemo(() => client.callFor(id), [client, id])
  const say = createSay(messages, locale)
  useEffect(() => {
    sdk.apps.launch({ id }).then(setLaunch, (thrown: Error) => setProblem(thrown.message))
  }, [sdk, id])
  if (problem !== undefined) {
    return (
      <EmptyState icon="alert" tone="danger" title={say('window.failed.title', { app: name })}>
        {problem}
      </EmptyState>
    )
  }
  if (launch === undefined) return undefined
  return (
    <AppFrame
      src={addressOf(launch)}
      title={name}
      argument={window.argument}
      isFocused={window.isFocused}
      locale={locale}
      theme={theme}
      // The node knows what it was granted; here is only what no app may: managing apps.
      allows={(method) => !method.startsWith('apps.')}
      call={call}
      onCutOff={(why) => setProblem(say('window.cut-off', { why }))}
    />
  )
}

/** Only a place of this node's own, below the one for apps, is ever put into a frame. */
function addressOf({ address }: Launch): string {
  const { origin, pathname } = new URL(address, location.origin)
  if (origin !== location.origin || !pathname.startsWith('/apps/'))
    throw new Error('The node gave no place for this app.')
  return pathname
}

function hueOf(id: string): number {
  let hash = 0
  for (let index = 0; index < id.length; index += 1) hash = (hash * 31 + id.charCodeAt(index)) >>> 0
  return hash % 360
}
