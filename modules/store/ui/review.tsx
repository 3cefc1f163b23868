import { AppIcon, Badge, Button, type IconName, Note, ProgressBar, TextField } from '@anarq/design'
import type { AppPlan } from '@anarq/sdk'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { mayInstall, permissionsOf, type Review } from './flow.ts'
import { hueOf } from './look.ts'
import { PermissionList } from './permission-list.tsx'
import { bytesText } from './permissions.ts'
import type { StoreProps } from './store.tsx'

type Props = StoreProps & { readonly review: Review }

/** What a package is and wants, before anything happens. */
export function ReviewPage(props: Props): ReactNode {
  const { say, store, review, show } = props
  const { plan, isInstalling, problem } = review
  const { name: app } = plan.app
  const icon = usePicture(plan.icon)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="store-review">
      <div className="store-page aq-scroll">
        <header className="store-hero">
          <AppIcon icon={icon} hue={hueOf(plan.app.id)} size={64} />
          <div>
            <h2 ref={heading} tabIndex={-1}>
              {say(`review.${plan.kind}`, { app })}
            </h2>
            <p>{plan.app.description}</p>
            <Facts {...props} />
          </div>
        </header>
        {plan.from !== undefined && (
          <Note icon="refresh">{say('review.from', { from: plan.from, version: plan.app.version })}</Note>
        )}
        <Signature {...props} />
        {plan.needsTrust && <Trust {...props} />}
        <Asks {...props} />
      </div>
      <footer className="store-foot">
        {isInstalling && <ProgressBar label={say('progress.installing', { app })} />}
        {problem !== undefined && (
          <div role="alert" className="store-problem">
            <Note tone="danger" icon="alert">
              {problem}
            </Note>
          </div>
        )}
        <Button isDisabled={isInstalling} onPress={() => void store.leave()}>
          {say('cancel')}
        </Button>
        <Button
          look="accent"
          isDisabled={!mayInstall(review)}
          onPress={async () => show((await store.install()) ?? undefined)}
        >
          {actOf(props)}
        </Button>
      </footer>
    </div>
  )
}

/** The package's own picture, at an address of this page that ends with the review; an image runs nothing. */
function usePicture(icon: AppPlan['icon']): IconName | { readonly src: string } {
  const [src, setSrc] = useState<string>()
  useEffect(() => {
    if (icon === undefined) return
    const address = URL.createObjectURL(new Blob([new Uint8Array(icon.bytes)], { type: icon.type }))
    setSrc(address)
    return () => URL.revokeObjectURL(address)
  }, [icon])
  return icon === undefined || src === undefined ? 'apps' : { src }
}

function actOf({ say, review: { plan, granted } }: Props): string {
  if (plan.kind === 'update') return say('act.update')
  if (plan.app.permissions.length === 0) return say('act.install.plain')
  if (granted.size === 0) return say('act.install')
  return granted.size === 1 ? say('act.install.one') : say('act.install.some', { count: granted.size })
}

function Facts({ say, locale, review: { plan } }: Props): ReactNode {
  const { version, publisher } = plan.app
  return (
    <p className="store-line">
      <span>{say('version', { version })}</span>
      <span>{bytesText(plan.bytes, locale)}</span>
      {publisher === undefined ? (
        <Badge tone="warning" icon="alert">
          {say('unsigned')}
        </Badge>
      ) : (
        <>
          <span>{say('by', { publisher: publisher.name })}</span>
          {publisher.isTrusted && (
            <Badge tone="success" icon="check">
              {say('publisher.trusted')}
            </Badge>
          )}
        </>
      )}
    </p>
  )
}

function Signature({ say, review: { plan } }: Props): ReactNode {
  const { publisher } = plan.app
  if (publisher === undefined)
    return (
      <Note tone="warning" icon="alert">
        {say('review.unsigned')}
      </Note>
    )
  return (
    <Note icon="check">
      {say('review.signed', { publisher: publisher.name })} <code className="store-did">{publisher.did}</code>
    </Note>
  )
}

function Trust({ say, store, review }: Props): ReactNode {
  const publisher = review.plan.app.publisher?.name
  if (publisher === undefined)
    return (
      <Note tone="danger" icon="lock">
        {say('trust.nobody')}
      </Note>
    )
  return (
    <section className="store-group store-trust">
      <h3>{say('trust.title')}</h3>
      <p>{say('trust.text', { publisher })}</p>
      <TextField
        label={say('trust.label', { publisher })}
        value={review.trust}
        autoComplete="off"
        isDisabled={review.isInstalling}
        onChange={(trust) => store.act({ do: 'type', trust })}
      />
    </section>
  )
}

function Asks(props: Props): ReactNode {
  const { say, store, review } = props
  const { plan, granted, isInstalling } = review
  const { asked, before } = permissionsOf(review)
  const isUpdate = plan.kind === 'update'
  const list = (permissions: typeof asked): ReactNode => (
    <PermissionList
      say={say}
      permissions={permissions}
      isDisabled={isInstalling}
      isOn={(id) => granted.has(id)}
      onChange={(permission, isAllowed) => store.act({ do: 'allow', permission, isAllowed })}
    />
  )
  return (
    <>
      <section className="store-group">
        <div className="store-group-head">
          <h3>{say(isUpdate ? 'review.new' : 'review.asks')}</h3>
          {asked.length > 1 && !isUpdate && (
            <Button size="small" look="quiet" onPress={() => store.act({ do: 'allow-all' })}>
              {say('review.all')}
            </Button>
          )}
        </div>
        {asked.length === 0 ? (
          <p>{say(isUpdate ? 'review.nothing-new' : 'review.none')}</p>
        ) : (
          <>
            <p>{say(isUpdate ? 'review.new.text' : 'review.asks.text')}</p>
            {list(asked)}
          </>
        )}
      </section>
      {before.length > 0 && (
        <section className="store-group">
          <h3>{say('review.before')}</h3>
          {list(before)}
        </section>
      )}
    </>
  )
}
