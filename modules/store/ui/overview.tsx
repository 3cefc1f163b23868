import {
  AppIcon,
  Badge,
  Button,
  EmptyState,
  Menu,
  type MenuEntry,
  PlainButton,
  Skeleton,
} from '@anarq/design'
import type { ReactNode } from 'react'
import { FeedList } from './feed-list.tsx'
import { hueOf, iconOf } from './look.ts'
import type { StoreProps } from './store.tsx'
import type { App } from './use-store.ts'

export function Overview(props: StoreProps): ReactNode {
  const { say, store } = props
  const { installed } = store
  switch (installed.is) {
    case 'loading':
      return (
        <div className="store-page" aria-busy="true">
          <Head {...props} isLoading />
          <span className="aq-unseen" role="status">
            {say('loading')}
          </span>
          <Skeleton height={72} />
        </div>
      )
    case 'failed':
      return (
        <EmptyState
          icon="network"
          tone="danger"
          title={say('failed.title')}
          acts={
            <Button icon="refresh" onPress={store.load}>
              {say('failed.again')}
            </Button>
          }
        >
          {installed.problem}
        </EmptyState>
      )
    case 'here':
      return installed.apps.length + store.feeds.all.length === 0 ? (
        <Empty {...props} />
      ) : (
        <List {...props} apps={installed.apps} />
      )
    default:
      return installed satisfies never
  }
}

/** While the list loads it has no button: whatever opens by it would go with it. */
function Head({ isLoading = false, ...props }: StoreProps & { readonly isLoading?: boolean }): ReactNode {
  const { say } = props
  return (
    <header className="store-head">
      <div>
        <h2>{say('title')}</h2>
        <p>{say('title.text')}</p>
      </div>
      {!isLoading && <InstallButton {...props} />}
    </header>
  )
}

function InstallButton({ say, choose, chooseFeed, choosePlace }: StoreProps): ReactNode {
  const entries: MenuEntry[] = [
    { id: 'file', label: say('install.file'), icon: 'upload' },
    { id: 'drive', label: say('install.drive'), icon: 'folder' },
    'separator',
    { id: 'feed-address', label: say('feed.add.address'), icon: 'link' },
    { id: 'feed', label: say('feed.add'), icon: 'people' },
    { id: 'feed-drive', label: say('feed.add.drive'), icon: 'people' },
  ]
  const acts: Readonly<Record<string, () => void>> = {
    file: choose,
    drive: () => choosePlace('package'),
    feed: chooseFeed,
    'feed-drive': () => choosePlace('feed'),
    'feed-address': () => choosePlace('address'),
  }
  return (
    <Menu label={say('install')} entries={entries} placement="bottom end" onAct={(id) => acts[id]?.()}>
      <Button look="accent" icon="plus">
        {say('install')}
      </Button>
    </Menu>
  )
}

function Empty(props: StoreProps): ReactNode {
  const { say } = props
  return (
    <div className="store-empty aq-scroll">
      <EmptyState icon="apps" title={say('empty.title')} acts={<InstallButton {...props} />}>
        {say('empty.text')}
      </EmptyState>
      <div className="store-make">
        <p>{say('empty.make')}</p>
        <pre>
          <code>{'anarq app new my-app\nanarq app pack my-app -o my-app.wxa'}</code>
        </pre>
      </div>
    </div>
  )
}

function List({ apps, ...props }: StoreProps & { readonly apps: readonly App[] }): ReactNode {
  const { say, show } = props
  return (
    <div className="store-page aq-scroll">
      <Head {...props} />
      <ul className="store-apps" aria-label={say('list.label')}>
        {apps.map((app) => (
          <li key={app.id}>
            <PlainButton className="store-app" onPress={() => show(app.id)}>
              <AppIcon icon={iconOf(app)} hue={hueOf(app.id)} size={48} />
              <span className="store-app-text">
                <strong>{app.name}</strong>
                <span>{app.description}</span>
                <small>
                  {say('version', { version: app.version })}
                  {app.publisher !== undefined && ` · ${app.publisher.name}`}
                </small>
              </span>
              {!app.isOn && <Badge>{say('state.off')}</Badge>}
              {app.isDevelopment && (
                <Badge tone="warning">{say(app.publisher === undefined ? 'unsigned' : 'development')}</Badge>
              )}
            </PlainButton>
          </li>
        ))}
      </ul>
      <FeedList {...props} />
    </div>
  )
}
