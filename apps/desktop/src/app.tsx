import { Button, createSay, DesignProvider, EmptyState, FaultProvider, Mark } from '@anarq/design'
import { type ReactNode, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { createKeeper, type Keeper, type Kept } from './client/kept.ts'
import { type Client, type NodeState, shellApp } from './client/port.ts'
import { lastPreferences, rememberPreferences } from './client/preferences.ts'
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
  const [preferences, setPreferences] = useState(() => lastPreferences(localStorage, navigator.languages))
  const [boot, setBoot] = useState<Boot>('loading')
  const [isFirst, setFirst] = useState(false)
  const [isRestored, setRestored] = useState(false)
  const [wasIn, setWasIn] = useState(false)
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
  const did = session?.did
  // Who was put out here looks again: the node is locked, or another browser is still in.
  useEffect(() => {
    if (did === undefined) {
      void look()
      // Meanwhile it may have been locked, or opened elsewhere.
      window.addEventListener('focus', look)
      return () => window.removeEventListener('focus', look)
    }
    setRestored(false)
    setWasIn(true)
    return undefined
  }, [look, did])
  const { keeper, kept, startTour } = useKept(client, did)
  useEffect(() => {
    if (kept?.preferences !== undefined) setPreferences(kept.preferences)
  }, [kept])
  useEffect(() => rememberPreferences(localStorage, preferences), [preferences])

  const faultTexts = useLoadedFaultTexts(preferences.locale)
  const begin = async (): Promise<void> => {
    // What was chosen before there was anybody to keep it for.
    await keeper?.keepPreferences(preferences)
    await keeper?.keepTour(true)
    startTour()
    setFirst(false)
  }
  const restored = async (): Promise<void> => {
    await look()
    setRestored(true)
    setFirst(false)
  }
  const surroundings = useMemo<Surroundings>(
    () => ({
      client,
      say: createSay(messages, preferences.locale),
      theme,
      preferences,
      changePreferences(part) {
        const changed = { ...preferences, ...part }
        setPreferences(changed)
        void keeper?.keepPreferences(changed)
      },
    }),
    [client, preferences, keeper, theme.mode, theme.contrast, theme.motion, theme],
  )

  return (
    <SurroundingsContext value={surroundings}>
      <DesignProvider locale={preferences.locale}>
        <FaultProvider texts={faultTexts}>
          <Wallpaper />
          {isFirst ? (
            <FirstRun onDone={begin} onRestored={() => void restored()} />
          ) : session !== undefined ? (
            kept !== undefined &&
            keeper !== undefined && (
              <Desktop key={session.did} session={session} keeper={keeper} kept={kept} />
            )
          ) : (
            <Outside boot={boot} isRestored={isRestored} wasIn={wasIn} onRetry={look} />
          )}
        </FaultProvider>
      </DesignProvider>
    </SurroundingsContext>
  )
}

type KeptOf = { readonly did: string; readonly keeper: Keeper; readonly kept?: Kept }

/** What the node keeps of whoever is in; undefined until it said so. */
function useKept(
  client: Client,
  did: string | undefined,
): { keeper: Keeper | undefined; kept: Kept | undefined; startTour: () => void } {
  const [known, setKnown] = useState<KeptOf>()
  useEffect(() => {
    if (did === undefined) return setKnown(undefined)
    let isGone = false
    const keeper = createKeeper(client.sdkFor(shellApp).storage)
    setKnown({ did, keeper })
    void keeper.load(navigator.languages).then((kept) => {
      if (!isGone) setKnown({ did, keeper, kept })
    })
    return () => {
      isGone = true
    }
  }, [client, did])
  const isCurrent = known !== undefined && known.did === did
  return {
    keeper: isCurrent ? known.keeper : undefined,
    kept: isCurrent ? known.kept : undefined,
    startTour: () =>
      setKnown((now) => (now?.kept === undefined ? now : { ...now, kept: { ...now.kept, isTourDue: true } })),
  }
}

type OutsideProps = {
  readonly boot: Boot
  readonly isRestored: boolean
  /** This page was in, and is no more. */
  readonly wasIn: boolean
  readonly onRetry: () => void
}

function Outside({ boot, isRestored, wasIn, onRetry }: OutsideProps): ReactNode {
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
      return <Unlock home="waiting" onLook={onRetry} />
    case 'open':
      return <Unlock home={wasIn ? 'lapsed' : 'open'} onLook={onRetry} />
    case 'empty':
    case 'locked':
      return <Unlock home={isRestored ? 'restored' : 'locked'} onLook={onRetry} />
    default:
      return boot satisfies never
  }
}
