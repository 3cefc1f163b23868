import { Button, createSay, DesignProvider, EmptyState, FaultProvider, Mark } from '@anarq/design'
import { type ReactNode, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Client, NodeState } from './client/port.ts'
import { readPreferences, writePreferences } from './client/preferences.ts'
import { FirstRun } from './first-run/first-run.tsx'
import { Unlock } from './first-run/unlock.tsx'
import { messages } from './messages/messages.ts'
import { useLoadedFaultTexts } from './messages/use-fault-texts.ts'
import { themeFor, useAppearance, useSystemTastes } from './shell/appearance.ts'
import { type Surroundings, SurroundingsContext, useSurroundings } from './shell/context.ts'
import { Desktop } from './shell/desktop.tsx'
import { Wallpaper } from './shell/wallpaper.tsx'

type Boot = NodeState | 'loading' | 'failed'

export function App({ client }: { readonly client: Client }): ReactNode {
  const session = useSyncExternalStore(client.onSession, client.session)
  const [preferences, setPreferences] = useState(() => readPreferences(localStorage, navigator.languages))
  const [boot, setBoot] = useState<Boot>('loading')
  const [isFirst, setFirst] = useState(false)
  const theme = themeFor(preferences, useSystemTastes())
  useAppearance(theme, preferences.locale)

  const look = useCallback(async () => {
    const state = await client.status().then(
      (status) => status.state,
      () => 'failed' as const,
    )
    setBoot(state)
    if (state === 'empty') setFirst(true)
  }, [client])
  useEffect(() => void look(), [look])

  const did = session?.did
  useEffect(() => {
    if (did !== undefined) setPreferences(readPreferences(localStorage, navigator.languages, did))
  }, [did])

  const faultTexts = useLoadedFaultTexts(preferences.locale)
  const surroundings = useMemo<Surroundings>(
    () => ({
      client,
      say: createSay(messages, preferences.locale),
      theme,
      preferences,
      changePreferences(part) {
        const changed = { ...preferences, ...part }
        setPreferences(changed)
        writePreferences(localStorage, changed, did)
      },
    }),
    [client, preferences, did, theme.mode, theme.contrast, theme.motion, theme],
  )

  return (
    <SurroundingsContext value={surroundings}>
      <DesignProvider locale={preferences.locale}>
        <FaultProvider texts={faultTexts}>
          <Wallpaper />
          {isFirst ? (
            <FirstRun onDone={() => setFirst(false)} />
          ) : session !== undefined ? (
            <Desktop key={session.did} session={session} />
          ) : (
            <Outside boot={boot} onRetry={look} />
          )}
        </FaultProvider>
      </DesignProvider>
    </SurroundingsContext>
  )
}

function Outside({ boot, onRetry }: { readonly boot: Boot; readonly onRetry: () => void }): ReactNode {
  const { say } = useSurroundings()
  switch (boot) {
    case 'loading':
      return (
        <main className="boot" aria-busy="true">
          <Mark size={56} />
          <span className="aq-unseen">{say('boot.loading')}</span>
        </main>
      )
    case 'failed':
      return (
        <main className="boot">
          <div className="card">
            <EmptyState
              icon="network"
              tone="danger"
              title={say('boot.failed.title')}
              acts={
                <Button look="accent" icon="refresh" onPress={onRetry}>
                  {say('act.retry')}
                </Button>
              }
            >
              {say('boot.failed.text')}
            </EmptyState>
          </div>
        </main>
      )
    case 'waiting':
      return (
        <main className="boot">
          <div className="card">
            <EmptyState icon="people" title={say('boot.waiting.title')}>
              {say('boot.waiting.text')}
            </EmptyState>
          </div>
        </main>
      )
    case 'empty':
    case 'locked':
    case 'open':
      return <Unlock />
    default:
      return boot satisfies never
  }
}
