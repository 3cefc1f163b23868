import {
  AppIcon,
  CommandPalette,
  Icon,
  type IconName,
  Keys,
  type PaletteEntry,
  type PaletteGroup,
} from '@anarq/design'
import type { ReactNode } from 'react'
import { findApp } from '../apps/registry.ts'
import { type Command, keysOf } from '../windows/keys.ts'
import { byRecency } from '../windows/state.ts'
import { useShell, useSurroundings } from './context.ts'
import { carryOut } from './use-keys.ts'

/** Finds apps, windows and actions by any word of theirs. */
export function Launcher(): ReactNode {
  const shell = useShell()
  const { overlay, show, openApp, act, isPhone } = shell
  const { say, theme, changePreferences } = useSurroundings()
  const groups = useGroups()
  return (
    <CommandPalette
      isOpen={overlay === 'launcher'}
      onClose={() => show(undefined)}
      label={say('launcher.title')}
      placeholder={say('launcher.search')}
      groups={groups}
      none={(text) => say('launcher.none', { text })}
      onAct={(chosen) => {
        const [kind, id = ''] = chosen.split(':')
        if (kind === 'app') openApp(id)
        else if (kind === 'window') act({ do: 'focus', id })
        else if (id === 'theme') changePreferences({ theme: theme.mode === 'dark' ? 'light' : 'dark' })
        else if (id === 'cascade') act({ do: 'cascade' })
        else carryOut(id as Command, { ...shell, overlay: undefined })
      }}
      foot={
        isPhone ? undefined : (
          <>
            <span>
              <Keys keys="↑+↓" /> {say('launcher.pick')}
            </span>
            <span>
              <Keys keys="↵" /> {say('launcher.enter')}
            </span>
          </>
        )
      }
    />
  )
}

function useGroups(): readonly PaletteGroup[] {
  const { desk, apps, isPhone } = useShell()
  const { say, preferences, theme } = useSurroundings()
  const { locale } = preferences
  const isDark = theme.mode === 'dark'
  const keysHere = (command: Command): Partial<PaletteEntry> => (isPhone ? {} : { keys: keysOf[command] })
  const windows = byRecency(desk).flatMap((one): PaletteEntry[] => {
    const app = findApp(apps, one.app)
    if (app === undefined) return []
    const name = app.name[locale]
    return [
      {
        id: `window:${one.id}`,
        label: one.title ?? name,
        ...(one.title === undefined ? {} : { note: name }),
        lead: <AppIcon icon={app.icon} hue={app.hue} size={30} />,
      },
    ]
  })
  const acts: PaletteEntry[] = [
    entry('theme', isDark ? 'sun' : 'moon', say(isDark ? 'theme.to-light' : 'theme.to-dark'), {
      also: say('tray.theme'),
    }),
    entry('notices', 'bell', say('tray.notices'), keysHere('notices')),
    entry('lock', 'lock', say('tray.lock'), keysHere('lock')),
  ]
  if (!isPhone) {
    if (windows.length > 0) {
      acts.push(entry('clear', 'monitor', say('desktop.clear'), keysHere('clear')))
      acts.push(entry('cascade', 'restore', say('desktop.cascade')))
    }
    acts.push(entry('keys', 'keyboard', say('desktop.keys'), keysHere('keys')))
  }
  return [
    {
      id: 'apps',
      label: say('launcher.apps'),
      entries: apps.map((app) => ({
        id: `app:${app.id}`,
        label: app.name[locale],
        note: app.about[locale],
        lead: <AppIcon icon={app.icon} hue={app.hue} size={30} />,
      })),
    },
    { id: 'windows', label: say('launcher.windows'), entries: windows },
    { id: 'acts', label: say('launcher.acts'), entries: acts },
  ]
}

function entry(id: string, icon: IconName, label: string, more: Partial<PaletteEntry> = {}): PaletteEntry {
  return {
    id: `act:${id}`,
    label,
    lead: (
      <span className="launcher-act">
        <Icon name={icon} />
      </span>
    ),
    ...more,
  }
}
