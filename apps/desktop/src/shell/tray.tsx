import { Avatar, Bar, Icon, Menu, type MenuEntry, Panel, PlainButton } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { shellApp } from '../client/port.ts'
import { problemText } from '../client/problem.ts'
import { keysOf } from '../windows/keys.ts'
import { useShell, useSurroundings } from './context.ts'
import { NoticeList } from './notice-centre.tsx'

/** What is so now: the node, what is new, light or dark, who one acts as, and the lock. */
export function Tray(): ReactNode {
  const { isNodeHere, lock } = useShell()
  const { say, theme, changePreferences } = useSurroundings()
  const isDark = theme.mode === 'dark'
  return (
    <section className="shelf-part tray" aria-label={say('tray.label')} data-landmark="">
      <Bar label={say('tray.label')} className="tray-bar">
        <PlainButton
          className="tray-button"
          label={say(isNodeHere ? 'tray.node.here' : 'tray.node.gone')}
          hasTooltip
        >
          <Icon name="network" />
          <span className="tray-light" data-state={isNodeHere ? 'here' : 'gone'} />
        </PlainButton>
        <NoticeButton />
        <PlainButton
          className="tray-button"
          label={say('tray.theme')}
          hasTooltip
          onPress={() => changePreferences({ theme: isDark ? 'light' : 'dark' })}
        >
          <Icon name={isDark ? 'sun' : 'moon'} />
        </PlainButton>
        <PlainButton
          className="tray-button tray-lock"
          label={say('tray.lock')}
          hasTooltip
          keys={keysOf.lock}
          onPress={lock}
        >
          <Icon name="lock" />
        </PlainButton>
        <IdentityButton />
      </Bar>
    </section>
  )
}

export function NoticeButton(): ReactNode {
  const { notices, overlay, show, notify, standing } = useShell()
  const { say } = useSurroundings()
  const isOpen = overlay === 'notices'
  const count = notices.unread + standing.length
  const label = count > 0 ? say('tray.notices.some', { count }) : say('tray.notices')
  return (
    <Panel
      label={say('notices.title')}
      isOpen={isOpen}
      onOpenChange={(open) => {
        show(open ? 'notices' : undefined)
        if (open) notify({ do: 'read' })
      }}
      trigger={
        <PlainButton className="tray-button" label={label}>
          <Icon name="bell" />
          {count > 0 && <span className="tray-count">{count > 9 ? '9+' : count}</span>}
        </PlainButton>
      }
    >
      <NoticeList />
    </Panel>
  )
}

type Known = { readonly did: string; readonly name: string; readonly kind: string; readonly status: string }

/** Who one acts as is never out of sight; a press changes it, and every window follows. */
export function IdentityButton(): ReactNode {
  const { session, notify, isNodeHere, events, show } = useShell()
  const { client, say } = useSurroundings()
  const [known, setKnown] = useState<readonly Known[]>([])
  useEffect(() => {
    const load = (): void =>
      void client
        .sdkFor(shellApp)
        .identity.list({})
        .then(setKnown, () => undefined)
    load()
    return events.on('identity', load)
  }, [client, events])

  const entries: MenuEntry[] = known
    .filter(({ status }) => status === 'active')
    .map(({ did, name, kind }) => ({
      id: did,
      label: name,
      note: say(kindKeys[kind] ?? 'identity.sub'),
      lead: <Avatar name={name} seed={did} kind={kind} size={28} />,
      isChecked: did === session.did,
      isDisabled: !isNodeHere,
    }))
  const more: MenuEntry[] = ['separator', { id: signInEntry, label: say('passkeys.title'), icon: 'key' }]
  return (
    <Menu
      label={say('identity.menu')}
      placement="top end"
      entries={[...entries, ...more]}
      onAct={(did) => {
        if (did === signInEntry) show('sign-in')
        if (did === signInEntry || did === session.did) return
        client.use(did).catch((thrown: unknown) =>
          notify({
            do: 'add',
            notice: { title: say('identity.menu'), text: problemText(say, thrown), tone: 'danger' },
            atMs: Date.now(),
          }),
        )
      }}
    >
      <PlainButton className="tray-identity" label={say('tray.identity', { name: session.name })}>
        <Avatar name={session.name} seed={session.did} kind={session.kind} size={28} />
        <span className="tray-name">{session.name}</span>
      </PlainButton>
    </Menu>
  )
}

const signInEntry = 'sign-in'
const kindKeys: Readonly<
  Record<
    string,
    'identity.root' | 'identity.sub' | 'identity.anonymous' | 'identity.organisation' | 'identity.child'
  >
> = {
  root: 'identity.root',
  sub: 'identity.sub',
  anonymous: 'identity.anonymous',
  organisation: 'identity.organisation',
  child: 'identity.child',
}
