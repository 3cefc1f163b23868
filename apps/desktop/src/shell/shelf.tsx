import { AppIcon, Bar, Mark, PlainButton } from '@anarq/design'
import type { ReactNode } from 'react'
import { findApp, systemApps } from '../apps/registry.ts'
import { keysOf } from '../windows/keys.ts'
import { useShell, useSurroundings } from './context.ts'
import { Tray } from './tray.tsx'

/** One bar for everything that is always in reach: find, open apps, status. */
export function Shelf(): ReactNode {
  const { show, overlay } = useShell()
  const { say } = useSurroundings()
  return (
    <section className="shelf" aria-label={say('shelf.label')}>
      <div className="shelf-part shelf-start" data-landmark="">
        <PlainButton
          className="launcher-button"
          label={say('launcher.open')}
          hasTooltip
          keys={keysOf.launcher}
          onPress={() => show(overlay === 'launcher' ? undefined : 'launcher')}
        >
          <Mark size={26} />
        </PlainButton>
      </div>
      <Dock />
      <Tray />
    </section>
  )
}

/** Every app of the system, and those that are open; the mark below says which. */
function Dock(): ReactNode {
  const { desk, act, openApp, apps } = useShell()
  const { say, preferences } = useSurroundings()
  const shown = [
    ...new Set([...systemApps.map(({ id }) => id), ...desk.windows.map(({ app }) => app)]),
  ].slice(0, 12)
  return (
    <nav className="shelf-part dock" aria-label={say('dock.label')} data-landmark="">
      <Bar label={say('dock.label')} className="dock-bar">
        {shown.map((id) => {
          const app = findApp(apps, id)
          if (app === undefined) return undefined
          const windows = desk.windows.filter((one) => one.app === id)
          const front = windows.find((one) => one.id === desk.focused)
          const name = app.name[preferences.locale]
          return (
            <PlainButton
              key={id}
              className="dock-app"
              label={
                windows.length > 0 ? say('dock.running', { app: name }) : say('dock.open', { app: name })
              }
              hasTooltip
              onPress={() => {
                const last = windows.at(-1)
                if (last === undefined) openApp(id)
                else if (front !== undefined && windows.length === 1) act({ do: 'minimise', id: front.id })
                else act({ do: 'focus', id: front === undefined ? last.id : (windows[0] ?? last).id })
              }}
            >
              <AppIcon icon={app.icon} hue={app.hue} size={40} />
              <span
                className="dock-mark"
                data-state={front !== undefined ? 'front' : windows.length > 0 ? 'open' : 'none'}
              />
            </PlainButton>
          )
        })}
      </Bar>
    </nav>
  )
}
