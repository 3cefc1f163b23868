import {
  AlertDialog,
  AppIcon,
  agoOf,
  Badge,
  Button,
  faultSentence,
  IconButton,
  Note,
  useFaultTexts,
  useNow,
} from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { hueOf, iconOf } from './look.ts'
import { bytesText } from './permissions.ts'
import type { StoreProps } from './store.tsx'
import type { Feed, FeedApp } from './use-feeds.ts'

/** What publishers offer whose feeds were added: each app with what can be done with it now. */
export function FeedList(props: StoreProps): ReactNode {
  const { say, store } = props
  const texts = useFaultTexts()
  return store.feeds.all.map((feed) => (
    <section
      key={feed.did}
      className="store-group store-feed"
      aria-label={say('feed.of', { name: feed.name })}
    >
      <Head {...props} feed={feed} />
      {feed.problem === undefined ? (
        <ul className="store-apps">
          {feed.apps.map((app) => (
            <Row key={app.id} {...props} feed={feed} app={app} />
          ))}
        </ul>
      ) : (
        <Note tone="danger" icon="alert">
          {faultSentence(feed.problem, texts)}
        </Note>
      )}
      {feed.problem === undefined && feed.apps.length === 0 && <p>{say('feed.empty')}</p>}
    </section>
  ))
}

type OfFeed = StoreProps & { readonly feed: Feed }

function Head({ say, locale, store, feed }: OfFeed): ReactNode {
  const nowMs = useNow()
  const [isAsked, setAsked] = useState(false)
  const { name, did, folder, fetchedMs, sequence } = feed
  return (
    <div className="store-group-head">
      <div>
        <h3>{say('feed.of', { name })}</h3>
        <p className="store-line">
          <span>{folder.startsWith('app:/') ? say('feed.copied') : folder}</span>
          <span>{say('feed.number', { number: sequence })}</span>
          {fetchedMs !== undefined && (
            <span>{say('feed.fetched', { ago: agoOf(fetchedMs, nowMs, locale) })}</span>
          )}
        </p>
        <code className="store-did">{did}</code>
      </div>
      <span className="store-feed-acts">
        <IconButton
          size="small"
          icon="refresh"
          label={say('feed.again', { name })}
          isPending={store.feeds.refreshing === did}
          isDisabled={store.feeds.refreshing !== undefined && store.feeds.refreshing !== did}
          onPress={() => void store.feeds.refresh(feed)}
        />
        <IconButton
          size="small"
          icon="trash"
          label={say('feed.remove', { name })}
          onPress={() => setAsked(true)}
        />
      </span>
      <AlertDialog
        isOpen={isAsked}
        title={say('feed.remove.title', { name })}
        act={say('feed.remove.act')}
        cancel={say('cancel')}
        onCancel={() => setAsked(false)}
        onAct={() => {
          setAsked(false)
          void store.feeds.remove(feed)
        }}
      >
        {say('feed.remove.text')}
      </AlertDialog>
    </div>
  )
}

function Row({ say, locale, store, show, feed, app }: OfFeed & { readonly app: FeedApp }): ReactNode {
  const { id, name, version, description, bytes, state, installed } = app
  // Its picture is in the package, which is not opened before somebody looks at it.
  const there =
    state !== 'new' && store.installed.is === 'here'
      ? store.installed.apps.find((one) => one.id === id)
      : undefined
  return (
    <li className="store-app">
      <AppIcon icon={there === undefined ? 'apps' : iconOf(there)} hue={hueOf(id)} size={40} />
      <span className="store-app-text">
        <strong>{name}</strong>
        <span>{description}</span>
        <small>
          {say('version', { version })} · {bytesText(bytes, locale)}
        </small>
      </span>
      {state === 'installed' ? (
        <Button
          size="small"
          look="quiet"
          aria-label={say('feed.show', { app: name, version: installed ?? version })}
          onPress={() => show(id)}
        >
          <Badge tone="success" icon="check">
            {say('feed.installed', { version: installed ?? version })}
          </Badge>
        </Button>
      ) : (
        <Button
          size="small"
          look={state === 'update' ? 'accent' : 'outline'}
          aria-label={say(`feed.act.${state}.of`, { app: name, version })}
          onPress={() => void inspectIn(store, feed, app)}
        >
          {say(`feed.act.${state}`, { version })}
        </Button>
      )}
    </li>
  )
}

/** The node verifies that the package is the one that the feed names, then and when it is installed. */
export function inspectIn(
  store: StoreProps['store'],
  { did }: Pick<Feed, 'did'>,
  { name, path }: FeedApp,
): Promise<void> {
  return store.inspect(name, { path, isIncoming: false, isDevelopment: false, feed: did })
}
