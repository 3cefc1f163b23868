import { AppIcon, EmptyState, Icon, IconButton, type IconName, Mark, PlainButton } from '@anarq/design'
import type { ReactNode } from 'react'
import { findApp } from '../apps/registry.ts'
import { byRecency } from '../windows/state.ts'
import { useShell, useSurroundings } from './context.ts'
import { IdentityButton, NoticeButton } from './tray.tsx'

/** On a phone: who one is and how the node does, above; where to go, below. */
export function PhoneStatus(): ReactNode {
  const { isNodeHere, lock } = useShell()
  const { say } = useSurroundings()
  return (
    <section className="phone-status" aria-label={say('tray.label')}>
      <IdentityButton />
      <span
        className="phone-node"
        role="img"
        aria-label={say(isNodeHere ? 'tray.node.here' : 'tray.node.gone')}
      >
        <span className="tray-light" data-state={isNodeHere ? 'here' : 'gone'} />
      </span>
      <NoticeButton />
      <PlainButton className="tray-button tray-lock" label={say('tray.lock')} onPress={lock}>
        <Icon name="lock" />
      </PlainButton>
    </section>
  )
}

export function PhoneBar(): ReactNode {
  const { desk, act, overlay, show } = useShell()
  const { say } = useSurroundings()
  const count = desk.windows.length
  const isHome = desk.focused === undefined && overlay === undefined
  return (
    <nav className="phone-bar" aria-label={say('phone.bar')}>
      <PhoneButton
        icon="home"
        label={say('home.label')}
        isHere={isHome}
        onPress={() => {
          show(undefined)
          act({ do: 'blur' })
        }}
      />
      <PlainButton className="phone-find" label={say('launcher.open')} onPress={() => show('launcher')}>
        <Mark size={26} />
      </PlainButton>
      <PhoneButton
        icon="apps"
        label={count > 0 ? say('phone.windows.some', { count }) : say('phone.windows')}
        isHere={overlay === 'switcher'}
        onPress={() => show(overlay === 'switcher' ? undefined : 'switcher')}
        count={count}
      />
    </nav>
  )
}

function PhoneButton(props: {
  readonly icon: IconName
  readonly label: string
  readonly isHere: boolean
  readonly onPress: () => void
  readonly count?: number
}): ReactNode {
  const { icon, label, isHere, onPress, count = 0 } = props
  return (
    <PlainButton className="phone-button" label={label} onPress={onPress}>
      <span className="phone-button-icon" data-here={isHere ? '' : undefined}>
        <Icon name={icon} />
        {count > 0 && <span className="tray-count">{count}</span>}
      </span>
    </PlainButton>
  )
}

/** Open apps as cards. */
export function Switcher(): ReactNode {
  const { desk, act, apps, overlay, show } = useShell()
  const { say, preferences } = useSurroundings()
  if (overlay !== 'switcher') return undefined
  const windows = byRecency(desk)
  return (
    <section className="switcher" aria-label={say('phone.windows')}>
      {windows.length === 0 && (
        <EmptyState icon="apps" title={say('phone.windows.empty')}>
          {say('phone.windows.empty.text')}
        </EmptyState>
      )}
      <ul>
        {windows.map((window) => {
          const app = findApp(apps, window.app)
          if (app === undefined) return undefined
          const name = window.title ?? app.name[preferences.locale]
          return (
            <li key={window.id} className="switcher-card">
              <PlainButton
                className="switcher-open"
                onPress={() => {
                  show(undefined)
                  act({ do: 'focus', id: window.id })
                }}
              >
                <AppIcon icon={app.icon} hue={app.hue} size={36} />
                <span>
                  {name}
                  <small>{app.about[preferences.locale]}</small>
                </span>
              </PlainButton>
              <IconButton
                icon="close"
                label={say('window.close')}
                onPress={() => act({ do: 'close', id: window.id })}
              />
            </li>
          )
        })}
      </ul>
    </section>
  )
}
