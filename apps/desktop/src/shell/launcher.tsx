import {
  AppIcon,
  CommandPalette,
  Icon,
  type IconName,
  Keys,
  type PaletteEntry,
  type PaletteGroup,
} from '@anarq/design'
import { argumentOf, drive } from '@anarq/qdrive'
import type { IndexSdk } from '@anarq/sdk'
import { type ReactNode, useEffect, useState } from 'react'
import { findApp } from '../apps/registry.ts'
import { shellApp } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { putSamples } from '../tour/samples.ts'
import { type Command, keysOf } from '../windows/keys.ts'
import { byRecency } from '../windows/state.ts'
import { useShell, useSurroundings } from './context.ts'
import { carryOut } from './use-keys.ts'

/** Finds apps, windows and actions by any word of theirs. */
export function Launcher(): ReactNode {
  const shell = useShell()
  const { overlay, show, openApp, act, isPhone, tour } = shell
  const { say, theme, changePreferences } = useSurroundings()
  const [text, setText] = useState('')
  const groups = [...useGroups(), useFiles(text)]
  const putSamplesHere = usePutSamples()
  return (
    <CommandPalette
      isOpen={overlay === 'launcher'}
      onClose={() => show(undefined)}
      label={say('launcher.title')}
      placeholder={say('launcher.search')}
      groups={groups}
      onText={setText}
      none={(text) => say('launcher.none', { text })}
      onAct={(chosen) => {
        const kind = chosen.slice(0, chosen.indexOf(':'))
        const id = chosen.slice(kind.length + 1)
        if (kind === 'app') openApp(id)
        else if (kind === 'file') openApp(driveId, id.slice(id.indexOf(':') + 1))
        else if (kind === 'window') act({ do: 'focus', id })
        else if (id === 'theme') changePreferences({ theme: theme.mode === 'dark' ? 'light' : 'dark' })
        else if (id === 'cascade') act({ do: 'cascade' })
        else if (id === 'tour') {
          act({ do: 'blur' })
          tour(true)
        } else if (id === 'sign-in') show('sign-in')
        else if (id === 'samples') void putSamplesHere()
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

const driveId = drive.id
type Found = Awaited<ReturnType<IndexSdk['find']>>
const searchAfterMs = 150
const filesMax = 8

/** Files by the words of their names, as the node finds them; each opens where it lies, a file with what is in it. */
function useFiles(text: string): PaletteGroup {
  const { client, say } = useSurroundings()
  const [found, setFound] = useState<{ text: string; files: Found }>()
  const wanted = text.trim()
  useEffect(() => {
    if (wanted === '') return setFound(undefined)
    let isGone = false
    const look = async (): Promise<void> => {
      const files = await client.sdkFor(shellApp).index.find({ text: wanted, limit: filesMax })
      if (!isGone) setFound({ text, files })
    }
    const timer = setTimeout(() => void look().catch(() => undefined), searchAfterMs)
    return () => {
      isGone = true
      clearTimeout(timer)
    }
  }, [client, wanted, text])
  const files = found?.text === text ? found.files : []
  return {
    id: 'files',
    label: say('launcher.files'),
    entries: files.map(({ id, kind, name, path }) => ({
      id: `file:${id}:${argumentOf({ kind, path })}`,
      label: name,
      note: path,
      // The node knows why it was found: by its name, or by what was written about it.
      also: text,
      lead: (
        <span className="launcher-act">
          <Icon name={kind === 'folder' ? 'folder' : 'file'} />
        </span>
      ),
    })),
  }
}

function usePutSamples(): () => void {
  const { notify, openApp } = useShell()
  const { client, say, preferences } = useSurroundings()
  return () => {
    putSamples(client.sdkFor(shellApp).storage, preferences.locale).then(
      (to) => openApp(driveId, to),
      (thrown: unknown) =>
        notify({
          do: 'add',
          notice: { title: say('samples.failed'), text: problemText(say, thrown), tone: 'danger' },
          atMs: Date.now(),
        }),
    )
  }
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
    entry('sign-in', 'key', say('passkeys.title')),
    entry('tour', 'help', say('tour.act')),
    entry('samples', 'folder', say('samples.act')),
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
