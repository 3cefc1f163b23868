import {
  type AppDefinition,
  type AppEvents,
  type AppProps,
  Button,
  EmptyState,
  ErrorBoundary,
  saveFile,
} from '@anarq/design'
import { Fault } from '@anarq/fault'
import type { AppSdk } from '@anarq/sdk/app'
import {
  type ComponentType,
  type LazyExoticComponent,
  lazy,
  memo,
  type ReactNode,
  Suspense,
  useMemo,
  useState,
} from 'react'
import { useSurroundings } from '../shell/context.ts'
import type { NoticeAct } from '../shell/notices.ts'
import type { Act } from '../windows/state.ts'

export type AppHostProps = {
  readonly app: AppDefinition<AppSdk>
  readonly id: string
  readonly argument: string | undefined
  readonly isFocused: boolean
  readonly isNarrow: boolean
  readonly act: (act: Act) => void
  readonly openApp: (app: string, argument?: string) => void
  readonly notify: (act: NoticeAct) => void
  readonly events: AppEvents
}

/** Bytes only: what is saved is nothing that this page would show. */
function save(name: string, content: Blob): void {
  saveFile(name, new Blob([content], { type: 'application/octet-stream' }))
}

type Screen = ComponentType<AppProps<AppSdk>>

/** One app in one window: loaded when it is opened, kept to itself when it fails. */
export const AppHost: React.NamedExoticComponent<AppHostProps> = memo(function AppHost(
  props: AppHostProps,
): ReactNode {
  const { app, id, argument, isFocused, isNarrow, act, openApp, notify, events } = props
  const { client, say, theme, preferences, changePreferences } = useSurroundings()
  const [turn, setTurn] = useState(0)
  const Screen = useMemo(() => screenOf(app, turn), [app, turn])
  const sdk = useMemo(() => client.sdkFor(app.id), [client, app.id])
  const name = app.name[preferences.locale]
  const window = useMemo(
    () => ({
      id,
      argument,
      isFocused,
      isNarrow,
      setTitle: (title: string) => act({ do: 'title', id, title }),
      close: () => act({ do: 'close', id }),
      open: openApp,
      save,
      notify: (notice: { title: string }) => notify({ do: 'add', notice, app: app.id, atMs: Date.now() }),
    }),
    [id, argument, isFocused, isNarrow, act, openApp, notify, app.id],
  )
  const mayPrefer = app.powers?.includes('preferences') === true
  return (
    <ErrorBoundary
      key={turn}
      fallback={(error) => (
        <EmptyState
          icon="alert"
          tone="danger"
          title={say('window.failed.title', { app: name })}
          acts={
            <Button look="accent" icon="refresh" onPress={() => setTurn(turn + 1)}>
              {say('window.failed.again')}
            </Button>
          }
        >
          {error instanceof Fault ? error.message : say('window.failed.text')}
        </EmptyState>
      )}
    >
      <Suspense fallback={<Opening label={say('window.loading', { app: name })} />}>
        <Screen
          sdk={sdk}
          window={window}
          events={events}
          locale={preferences.locale}
          theme={theme}
          {...(mayPrefer ? { preferences: { value: preferences, change: changePreferences } } : {})}
        />
      </Suspense>
    </ErrorBoundary>
  )
})

const screens = new WeakMap<AppDefinition<AppSdk>, Map<number, LazyExoticComponent<Screen>>>()

/** A failed load is tried anew with the next turn; otherwise every window of an app shares what was loaded. */
function screenOf(app: AppDefinition<AppSdk>, turn: number): LazyExoticComponent<Screen> {
  const turns = screens.get(app) ?? new Map<number, LazyExoticComponent<Screen>>()
  screens.set(app, turns)
  const known = turns.get(turn) ?? lazy(app.load)
  turns.set(turn, known)
  return known
}

function Opening({ label }: { readonly label: string }): ReactNode {
  return (
    <div className="opening" role="status" aria-label={label}>
      <span className="aq-spinner" />
    </div>
  )
}
