import { type AppProps, type Say, useFaultTexts } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { useCallback, useEffect, useReducer, useState } from 'react'
import { type Flow, type FlowAct, idle, incomingPath, nextFlow, type Source } from './flow.ts'
import type { MessageKey } from './messages.ts'
import { bytesText } from './permissions.ts'
import { reasonOf, sendFile } from './send.ts'
import { type Feeds, useFeeds } from './use-feeds.ts'

export type App = Awaited<ReturnType<AppSdk['apps']['list']>>[number]
export type Installed =
  | { readonly is: 'loading' }
  | { readonly is: 'here'; readonly apps: readonly App[] }
  | { readonly is: 'failed'; readonly problem: string }

/** Of a package, as docs/formats/wxa.md has it: what is larger need not travel to be refused. */
const packageBytesMax = 64 * 1024 * 1024

export type Store = {
  readonly installed: Installed
  readonly feeds: Feeds
  readonly flow: Flow
  readonly act: (act: FlowAct) => void
  load(): void
  /** A file of this computer. */
  take(file: File): Promise<void>
  inspect(name: string, source: Source): Promise<void>
  /** Installs what is shown; gives the app's id where that went well. */
  install(): Promise<string | undefined>
  /** Puts the package aside. */
  leave(): Promise<void>
}

type Options = Pick<AppProps<AppSdk>, 'sdk' | 'events' | 'window' | 'locale'> & {
  readonly say: Say<MessageKey>
}

export function useStore({ sdk, events, window, locale, say }: Options): Store {
  const texts = useFaultTexts()
  const [installed, load] = useInstalled(sdk, events)
  const [flow, act] = useReducer(nextFlow, idle)
  const feeds = useFeeds({ sdk, events, window, act, say })

  const inspect: Store['inspect'] = async (name, source) => {
    act({ do: 'inspect', name })
    try {
      act({ do: 'show', source, plan: await sdk.apps.inspect(inputOf(source)) })
    } catch (error) {
      act({ do: 'refuse', name, source, ...reasonOf(error, texts) })
    }
  }
  const forget = async ({ path, isIncoming }: Source): Promise<void> => {
    if (isIncoming) await sdk.storage.remove({ path, isForever: true }).catch(() => undefined)
  }
  return {
    installed,
    feeds,
    flow,
    act,
    load,
    inspect,
    async take(file) {
      const { name, size } = file
      if (!/\.wxa$/i.test(name))
        return act({ do: 'refuse', name, code: 'invalid.kind', problem: say('not-a-package', { name }) })
      if (size > packageBytesMax) {
        const problem = say('too-large', { max: bytesText(packageBytesMax, locale) })
        return act({ do: 'refuse', name, code: 'limit.package-bytes', problem })
      }
      act({ do: 'send', name })
      const source = { path: incomingPath(name), isIncoming: true, isDevelopment: false }
      try {
        await sendFile(sdk.content, file, {
          path: source.path,
          type: 'application/vnd.anarq.wxa+zip',
          onProgress: (part) => act({ do: 'send', name, part }),
        })
      } catch (error) {
        return act({ do: 'refuse', name, ...reasonOf(error, texts) })
      }
      await inspect(name, source)
    },
    async install() {
      if (flow.at !== 'review') return undefined
      const { source, plan, granted, trust } = flow
      const { id, name: app, version } = plan.app
      act({ do: 'install' })
      try {
        await sdk.apps.install({
          ...inputOf(source),
          granted: [...granted],
          ...(plan.needsTrust ? { trust: trust.trim() } : {}),
        })
      } catch (error) {
        act({ do: 'fail', problem: reasonOf(error, texts).problem })
        return undefined
      }
      await forget(source)
      window.notify({
        title:
          plan.kind === 'install'
            ? say('notice.installed', { app })
            : say('notice.updated', { app, version }),
        tone: 'success',
      })
      act({ do: 'end' })
      return id
    },
    async leave() {
      act({ do: 'end' })
      const source = flow.at === 'review' || flow.at === 'refused' ? flow.source : undefined
      if (source !== undefined) await forget(source)
    },
  }
}

function useInstalled(sdk: AppSdk, events: Options['events']): readonly [Installed, () => void] {
  const texts = useFaultTexts()
  const [installed, setInstalled] = useState<Installed>({ is: 'loading' })
  const load = useCallback(() => {
    sdk.apps.list({}).then(
      (apps) => setInstalled({ is: 'here', apps: apps.toSorted((a, b) => a.name.localeCompare(b.name)) }),
      // What was shown stays shown: an old list is worth more than none.
      (error: unknown) =>
        setInstalled((before) =>
          before.is === 'here' ? before : { is: 'failed', problem: reasonOf(error, texts).problem },
        ),
    )
  }, [sdk, texts])
  useEffect(() => {
    load()
    return events.on('apps', load)
  }, [load, events])
  return [installed, load]
}

function inputOf({ path, isDevelopment, feed }: Source): {
  path: string
  isDevelopment?: boolean
  feed?: string
} {
  return { path, ...(isDevelopment ? { isDevelopment } : {}), ...(feed === undefined ? {} : { feed }) }
}
