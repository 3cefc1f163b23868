import { AlertDialog, AppIcon, Badge, Button, Icon, Note, PlainButton, useFaultTexts } from '@anarq/design'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { inspectIn } from './feed-list.tsx'
import { hueOf, iconOf } from './look.ts'
import { PermissionList } from './permission-list.tsx'
import { reasonOf } from './send.ts'
import type { StoreProps } from './store.tsx'
import { UninstallDialog } from './uninstall.tsx'
import type { Feed, FeedApp } from './use-feeds.ts'
import type { App } from './use-store.ts'

export type AppPageProps = StoreProps & { readonly app: App }
/** One deed at a time; its refusal is shown where it was asked for. */
export type Deeds = {
  readonly isBusy: boolean
  readonly problem: string | undefined
  run(deed: () => Promise<unknown>): Promise<boolean>
}

export function AppPage(props: AppPageProps): ReactNode {
  const { say, app, show } = props
  const deeds = useDeeds(props)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="store-page aq-scroll">
      <nav>
        <PlainButton className="store-back" onPress={() => show(undefined)}>
          <Icon name="back" /> {say('back')}
        </PlainButton>
      </nav>
      <header className="store-hero">
        <AppIcon icon={iconOf(app)} hue={hueOf(app.id)} size={72} />
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {app.name}
          </h2>
          <p>{app.description}</p>
          <p className="store-line">
            <span>{say('version', { version: app.version })}</span>
            {app.publisher !== undefined && <span>{say('by', { publisher: app.publisher.name })}</span>}
            {app.isDevelopment && (
              <Badge tone="warning">{say(app.publisher === undefined ? 'unsigned' : 'development')}</Badge>
            )}
            {app.publisher?.isTrusted === true && (
              <Badge tone="success" icon="check">
                {say('publisher.trusted')}
              </Badge>
            )}
            {!app.isOn && <Badge>{say('state.off')}</Badge>}
          </p>
        </div>
      </header>
      <Acts {...props} deeds={deeds} />
      {deeds.problem !== undefined && (
        <div role="alert">
          <Note tone="danger" icon="alert">
            {deeds.problem}
          </Note>
        </div>
      )}
      <Permissions {...props} deeds={deeds} />
      <About {...props} />
    </div>
  )
}

function useDeeds({ store }: AppPageProps): Deeds {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  const texts = useFaultTexts()
  return {
    isBusy,
    problem,
    async run(deed) {
      setBusy(true)
      setProblem(undefined)
      try {
        await deed()
        store.load()
        return true
      } catch (error) {
        setProblem(reasonOf(error, texts).problem)
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}

type Part = AppPageProps & { readonly deeds: Deeds }

function Acts(props: Part): ReactNode {
  const { say, app, sdk, store, window, choose, deeds } = props
  const offered = offeredOf(props)
  const [asked, ask] = useState<'roll-back' | 'uninstall'>()
  const { id, name, previous } = app
  return (
    <div className="store-acts">
      {app.ui !== undefined && (
        <Button look="accent" isDisabled={!app.isOn} onPress={() => window.open(id)}>
          {say('open')}
        </Button>
      )}
      {offered !== undefined && (
        <Button
          icon="refresh"
          isDisabled={deeds.isBusy}
          onPress={() => void inspectIn(store, offered.feed, offered.app)}
        >
          {say('feed.act.update', { version: offered.app.version })}
        </Button>
      )}
      <Button icon="upload" isDisabled={deeds.isBusy} onPress={choose}>
        {say('update')}
      </Button>
      {previous !== undefined && (
        <Button icon="refresh" isDisabled={deeds.isBusy} onPress={() => ask('roll-back')}>
          {say('roll-back', { version: previous })}
        </Button>
      )}
      <Button
        icon={app.isOn ? 'pause' : 'play'}
        isDisabled={deeds.isBusy}
        onPress={() => void deeds.run(() => sdk.apps.turn({ id, isOn: !app.isOn }))}
      >
        {say(app.isOn ? 'turn-off' : 'turn-on')}
      </Button>
      <Button icon="trash" isDisabled={deeds.isBusy} onPress={() => ask('uninstall')}>
        {say('uninstall')}
      </Button>
      <AlertDialog
        isOpen={asked === 'roll-back'}
        title={say('roll-back.title', { version: previous ?? '' })}
        act={say('roll-back', { version: previous ?? '' })}
        cancel={say('cancel')}
        onCancel={() => ask(undefined)}
        onAct={async () => {
          ask(undefined)
          const isDone = await deeds.run(() => sdk.apps.rollBack({ id }))
          if (isDone) {
            const title = say('notice.back', { app: name, version: previous ?? '' })
            window.notify({ title, tone: 'success' })
          }
        }}
      >
        {say('roll-back.text', { app: name, version: previous ?? '' })}
      </AlertDialog>
      <UninstallDialog {...props} isOpen={asked === 'uninstall'} onClose={() => ask(undefined)} />
    </div>
  )
}

/** The newer version of it that its publisher's feed has. */
function offeredOf({ app, store }: Part): { readonly feed: Feed; readonly app: FeedApp } | undefined {
  for (const feed of store.feeds.all) {
    const newer = feed.apps.find(({ id, state }) => id === app.id && state === 'update')
    if (newer !== undefined) return { feed, app: newer }
  }
  return undefined
}

function Permissions({ say, app, sdk, deeds }: Part): ReactNode {
  const { id, permissions } = app
  return (
    <section className="store-group">
      <h3>{say('permissions.title')}</h3>
      <p>{say(permissions.length === 0 ? 'permissions.none' : 'permissions.text')}</p>
      <PermissionList
        say={say}
        permissions={permissions}
        isDisabled={deeds.isBusy}
        isOn={(wanted) => permissions.some((one) => one.id === wanted && one.isGranted)}
        onChange={(permission, isGranted) =>
          void deeds.run(() => sdk.apps.grant({ id, permission, isGranted }))
        }
      />
    </section>
  )
}

function About({ say, app, locale }: AppPageProps): ReactNode {
  const kind = say(`kind.${app.ui?.kind ?? 'background'}`)
  const facts: readonly (readonly [string, string | undefined])[] = [
    [say('about.id'), app.id],
    [say('about.did'), app.publisher?.did],
    [say('about.kind'), app.hasBackend ? `${kind}, ${say('kind.backend')}` : kind],
    [
      say('about.installed'),
      new Date(app.installedMs).toLocaleString(locale, { dateStyle: 'long', timeStyle: 'short' }),
    ],
  ]
  return (
    <section className="store-group">
      <h3>{say('about.title')}</h3>
      <dl className="store-facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  )
}
