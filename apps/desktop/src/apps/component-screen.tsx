import type { AppEvents, AppProps, AppTheme, AppWindow, Locale } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ReactNode, useEffect, useRef } from 'react'
import type { BackendAnswer } from '../bridge/frame-calls.ts'
import type { Client } from '../client/port.ts'
import type { InstalledFacts } from './installed.ts'

/** What a component is given beside its element. Its calls are made as the app, whatever else it could do in here. */
export type ComponentShell = {
  readonly sdk: AppSdk
  readonly window: AppWindow
  readonly events: AppEvents
  readonly locale: Locale
  readonly theme: AppTheme
  backend(path: string, asked?: { method?: string; body?: unknown }): Promise<BackendAnswer>
}

/** Draws into the element; gives what takes everything away again. */
export type Mount = (element: HTMLElement, shell: ComponentShell) => unknown

export type ComponentScreenProps = AppProps<AppSdk> & {
  readonly app: InstalledFacts
  readonly mount: Mount
  readonly client: Client
}

/** An app of a publisher whom the person trusts by name, inside the shell. Another language mounts it anew. */
export function ComponentScreen(props: ComponentScreenProps): ReactNode {
  const { app, mount, client, locale } = props
  const place = useRef<HTMLDivElement>(null)
  const latest = useRef(props)
  latest.current = props
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const { window, events, theme } = latest.current
    const leave = mount(element, {
      sdk: client.sdkFor(app.id),
      window: {
        ...window,
        get isFocused() {
          return latest.current.window.isFocused
        },
        get isNarrow() {
          return latest.current.window.isNarrow
        },
      },
      events,
      locale,
      theme,
      async backend(path, { method = 'GET', body } = {}) {
        const isJson = body !== undefined && !(body instanceof Uint8Array)
        const bytes = isJson ? new TextEncoder().encode(JSON.stringify(body)) : body
        const headers = isJson ? { 'content-type': 'application/json' } : {}
        return client.askBackend(app.id, { path, method, headers, body: bytes as Uint8Array | undefined })
      },
    })
    return () => {
      if (typeof leave === 'function') leave()
      element.replaceChildren()
    }
  }, [app, mount, client, locale])
  return <div ref={place} className="app-component" />
}
