import { ContextMenu, type MenuEntry } from '@anarq/design'
import { type ReactNode, useCallback, useEffect, useMemo, useReducer, useState } from 'react'
import { findApp } from '../apps/registry.ts'
import { useApps } from '../apps/use-apps.ts'
import type { Session } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
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
import { useDesk } from './use-desk.ts'
import { useKeys } from './use-keys.ts'

/** All that there is once somebody is in. */
export function Desktop({ session }: { readonly session: Session }): ReactNode {
  const shell = useNewShell(session)
  useKeys(shell)
  return (
    <ShellContext value={shell}>
      <div className="desktop" data-phone={shell.isPhone ? '' : undefined}>
        {shell.isPhone && <PhoneStatus />}
        <Area />
        {shell.isPhone ? <PhoneBar /> : <Shelf />}
        <Launcher />
        <KeysSheet />
        {shell.isPhone && <Switcher />}
        <Toasts />
      </div>
    </ShellContext>
  )
}

function useNewShell(session: Session): Shell {
  const { client, say } = useSurroundings()
  const isPhone = useMedia(phoneWidth)
  const [events] = useState(createEvents)
  const apps = useApps(client, events)
  const [desk, act] = useDesk(session.did, isPhone, apps)
  const [notices, notify] = useReducer(nextNotices, noNotices)
  const [overlay, show] = useState<Overlay>()
  const [isNodeHere, setNodeHere] = useState(true)

  const openApp = useCallback(
    (id: string, argument?: string) => {
      const app = findApp(apps.all, id)
      if (app !== undefined) act({ do: 'open', app: id, argument, size: app.size, isSingle: app.isSingle })
    },
    [act, apps],
  )
  const lock = useCallback(() => {
    client.lock().catch((thrown: unknown) => {
      notify({
        do: 'add',
        notice: { title: say('tray.node.gone'), text: problemText(say, thrown), tone: 'danger' },
        atMs: Date.now(),
      })
    })
  }, [client, say])
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
      isPhone,
      isNodeHere,
      events,
      apps: apps.all,
      overlay,
      show,
      lock,
    }),
    [session, desk, act, openApp, notices, isPhone, isNodeHere, events, overlay, lock, apps.all],
  )
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
