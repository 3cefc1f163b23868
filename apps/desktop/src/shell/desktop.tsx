import { ContextMenu, type MenuEntry } from '@anarq/design'
import type { BrowserAsk } from '@anarq/sdk'
import { type ReactNode, useCallback, useEffect, useMemo, useReducer, useState } from 'react'
import { findApp } from '../apps/registry.ts'
import { useApps } from '../apps/use-apps.ts'
import type { Keeper, Kept } from '../client/kept.ts'
import type { Session } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { KeepWords } from '../first-run/keep-words.tsx'
import { Tour } from '../tour/tour.tsx'
import { keysOf } from '../windows/keys.ts'
import { WindowLayer } from '../windows/window-layer.tsx'
import { phoneWidth, useMedia } from './appearance.ts'
import { type Overlay, type Shell, ShellContext, useShell, useSurroundings } from './context.ts'
import { createEvents } from './events.ts'
import { Home } from './home.tsx'
import { KeysSheet } from './keys-sheet.tsx'
import { Launcher } from './launcher.tsx'
import { Toasts } from './notice-centre.tsx'
import { nextNotices, noNotices } from './notices.ts'
import { PhoneBar, PhoneStatus, Switcher } from './phone.tsx'
import { Shelf } from './shelf.tsx'
import { SignIn } from './sign-in.tsx'
import { useDesk } from './use-desk.ts'
import { useKeys } from './use-keys.ts'
import { useStanding } from './use-standing.ts'

export type DesktopProps = {
  readonly session: Session
  readonly keeper: Keeper
  readonly kept: Kept
}

/** All that there is once somebody is in. */
export function Desktop({ session, keeper, kept }: DesktopProps): ReactNode {
  const shell = useNewShell(session, keeper, kept)
  const { overlay, show, isTouring, tour } = shell
  useKeys(shell)
  const areWordsShown = overlay === 'words'
  return (
    <ShellContext value={shell}>
      <div
        className="desktop"
        data-phone={shell.isPhone ? '' : undefined}
        inert={areWordsShown}
        aria-hidden={areWordsShown}
      >
        {shell.isPhone && <PhoneStatus />}
        <Area />
        {shell.isPhone ? <PhoneBar /> : <Shelf />}
        <Launcher />
        <KeysSheet />
        <SignIn />
        {shell.isPhone && <Switcher />}
        {isTouring && <Tour onEnd={() => tour(false)} />}
        <Toasts />
      </div>
      {areWordsShown && (
        <div className="over">
          <KeepWords name={session.name} onDone={() => show(undefined)} />
        </div>
      )}
    </ShellContext>
  )
}

function useNewShell(session: Session, keeper: Keeper, kept: Kept): Shell {
  const { client, say } = useSurroundings()
  const isPhone = useMedia(phoneWidth)
  const [events] = useState(createEvents)
  const apps = useApps(client, events)
  const [desk, act, keepNow] = useDesk({ isPhone, apps, layout: kept.layout, onKeep: keeper.keepLayout })
  const [notices, notify] = useReducer(nextNotices, noNotices)
  const [overlay, show] = useState<Overlay>()
  const [isTouring, tour] = useState(kept.isTourDue)
  // Once it was there, however it ended, it comes by itself no more.
  useEffect(() => {
    if (kept.isTourDue) void keeper.keepTour(false)
  }, [kept, keeper])
  const [isNodeHere, setNodeHere] = useState(true)

  const openApp = useCallback(
    (id: string, argument?: string) => {
      if (id === 'shell') {
        if (argument === 'tour') tour(true)
        else if (argument === 'sign-in' || argument === 'words') show(argument)
        return
      }
      const app = findApp(apps.all, id)
      if (app !== undefined) act({ do: 'open', app: id, argument, size: app.size, isSingle: app.isSingle })
    },
    [act, apps],
  )
  const lock = useLock(keepNow, notify)
  const onAsked = useCallback(
    ({ browser, digits }: BrowserAsk) => {
      const title = say('standing.ask', { browser })
      const text = say('standing.ask.text', { digits: `${digits.slice(0, 3)} ${digits.slice(3)}` })
      notify({ do: 'add', notice: { title, text }, atMs: Date.now() })
    },
    [say],
  )
  const standing = useStanding(events, openApp, onAsked)
  useEffect(() => client.watch({ changed: events.emit, reachable: setNodeHere }), [client, events])
  useEffect(() => {
    if (isNodeHere) return
    const notice = {
      title: say('tray.node.gone'),
      text: say('tray.node.gone.text'),
      tone: 'warning' as const,
    }
    notify({ do: 'add', notice, atMs: Date.now() })
  }, [isNodeHere, say])

  return useMemo(
    () => ({
      session,
      desk,
      act,
      openApp,
      notices,
      notify,
      standing,
      isPhone,
      isNodeHere,
      events,
      apps: apps.all,
      overlay,
      show,
      isTouring,
      tour,
      lock,
    }),
    [
      session,
      desk,
      act,
      openApp,
      notices,
      standing,
      isPhone,
      isNodeHere,
      events,
      overlay,
      isTouring,
      lock,
      apps.all,
    ],
  )
}

const keepingMsMax = 1_000

function useLock(keepNow: () => Promise<void>, notify: Shell['notify']): () => void {
  const { client, say } = useSurroundings()
  return useCallback(() => {
    const lockNow = async (): Promise<void> => {
      await Promise.race([keepNow(), new Promise((resolve) => setTimeout(resolve, keepingMsMax))])
      await client.lock()
    }
    lockNow().catch((thrown: unknown) => {
      notify({
        do: 'add',
        notice: { title: say('tray.node.gone'), text: problemText(say, thrown), tone: 'danger' },
        atMs: Date.now(),
      })
    })
  }, [client, say, keepNow, notify])
}

/** Home, and the windows before it. */
function Area(): ReactNode {
  const { desk, act, openApp, show, isPhone } = useShell()
  const { say, changePreferences, theme } = useSurroundings()
  const isDark = theme.mode === 'dark'
  const entries: MenuEntry[] = [
    { id: 'launcher', label: say('launcher.open'), icon: 'search', keys: keysOf.launcher },
    'separator',
    { id: 'cascade', label: say('desktop.cascade'), icon: 'restore', isDisabled: desk.windows.length === 0 },
    {
      id: 'clear',
      label: say('desktop.clear'),
      icon: 'monitor',
      keys: keysOf.clear,
      isDisabled: desk.windows.length === 0,
    },
    'separator',
    { id: 'theme', label: say(isDark ? 'theme.to-light' : 'theme.to-dark'), icon: isDark ? 'sun' : 'moon' },
    { id: 'appearance', label: say('desktop.appearance'), icon: 'appearance' },
    { id: 'keys', label: say('desktop.keys'), icon: 'keyboard', keys: keysOf.keys },
  ]
  const home = (
    <div
      className="home-layer"
      inert={desk.focused !== undefined}
      data-behind={desk.focused === undefined ? undefined : ''}
    >
      <Home />
    </div>
  )
  return (
    <main
      className="area"
      aria-label={say('desktop.label')}
      style={{ height: desk.area.height }}
      onPointerDown={(event) => {
        if (!isPhone && event.target instanceof Element && event.target.closest('.window') === null)
          act({ do: 'blur' })
      }}
    >
      <ContextMenu
        className="area-menu"
        label={say('desktop.menu')}
        entries={entries}
        onAct={(id) => {
          if (id === 'cascade' || id === 'clear') act({ do: id })
          else if (id === 'launcher' || id === 'keys') show(id)
          else if (id === 'theme') changePreferences({ theme: isDark ? 'light' : 'dark' })
          else openApp('org.anarq.settings', 'appearance')
        }}
      >
        {home}
      </ContextMenu>
      <WindowLayer />
    </main>
  )
}
