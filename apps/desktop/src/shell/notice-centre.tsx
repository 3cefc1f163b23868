import { Badge, Button, EmptyState, IconButton, Toast } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { findApp } from '../apps/registry.ts'
import { useShell, useSurroundings } from './context.ts'
import type { Notice } from './notices.ts'

export function NoticeList(): ReactNode {
  const { notices, notify, standing, show } = useShell()
  const { say } = useSurroundings()
  return (
    <>
      <header className="panel-head">
        <h2>{say('notices.title')}</h2>
        {notices.all.length > 0 && (
          <Button look="quiet" size="small" onPress={() => notify({ do: 'clear' })}>
            {say('notices.clear')}
          </Button>
        )}
      </header>
      {standing.length > 0 && (
        <ul className="notices-standing" aria-label={say('standing.label')}>
          {standing.map(({ id, title, text, act, onAct }) => (
            <li key={id} className="notice">
              <div className="notice-text">
                <strong>{title}</strong>
                <p>{text}</p>
                <Button
                  size="small"
                  look="accent"
                  onPress={() => {
                    show(undefined)
                    onAct()
                  }}
                >
                  {act}
                </Button>
              </div>
            </li>
          ))}
        </ul>
      )}
      {notices.all.length === 0 && standing.length > 0 ? undefined : notices.all.length === 0 ? (
        <EmptyState icon="bell" title={say('notices.empty.title')}>
          {say('notices.empty.text')}
        </EmptyState>
      ) : (
        <ul className="notices aq-scroll">
          {notices.all.map((notice) => (
            <li key={notice.id} className="notice">
              <NoticeText notice={notice} />
              <IconButton
                size="small"
                icon="close"
                label={say('notices.close')}
                onPress={() => notify({ do: 'remove', id: notice.id })}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function NoticeText({ notice }: { readonly notice: Notice }): ReactNode {
  const { apps } = useShell()
  const { preferences } = useSurroundings()
  const app = notice.app === undefined ? undefined : findApp(apps, notice.app)
  return (
    <div className="notice-text">
      <p className="notice-from">
        {app !== undefined && <Badge tone={notice.tone ?? 'plain'}>{app.name[preferences.locale]}</Badge>}
        <time dateTime={new Date(notice.atMs).toISOString()}>
          {new Date(notice.atMs).toLocaleTimeString(preferences.locale, {
            hour: '2-digit',
            minute: '2-digit',
          })}
        </time>
      </p>
      <strong>{notice.title}</strong>
      {notice.text !== undefined && <p>{notice.text}</p>}
    </div>
  )
}

const toastMs = 6000

/** The newest for a few seconds. They wait while one looks at them or has the keyboard in them. */
export function Toasts(): ReactNode {
  const { notices, notify } = useShell()
  const { say } = useSurroundings()
  const [isHeld, setHeld] = useState(false)
  const oldest = notices.toasts[0]
  useEffect(() => {
    if (oldest === undefined || isHeld) return
    const timer = setTimeout(() => notify({ do: 'hide', id: oldest }), toastMs)
    return () => clearTimeout(timer)
  }, [oldest, isHeld, notify])
  const shown = notices.all.filter(({ id }) => notices.toasts.includes(id))
  return (
    <section
      className="toasts"
      aria-label={say('notices.title')}
      aria-live="polite"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {shown.map((notice) => (
        <Toast
          key={notice.id}
          title={notice.title}
          {...(notice.text === undefined ? {} : { text: notice.text })}
          tone={notice.tone ?? 'plain'}
          closeLabel={say('notices.close')}
          onClose={() => notify({ do: 'hide', id: notice.id })}
        />
      ))}
    </section>
  )
}
