import { AppIcon, Keys, PlainButton } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'

import { useShell, useSurroundings } from './context.ts'
import { greetingAt } from './greeting.ts'

/** The start screen: the time, a greeting, and every app, behind all windows. */
export function Home(): ReactNode {
  const { session, openApp, apps, isPhone } = useShell()
  const { say, preferences } = useSurroundings()
  const now = useMinute()
  const { locale } = preferences
  return (
    <section className="home" aria-label={say('home.label')}>
      <header className="home-head">
        <p className="home-time" aria-hidden="true">
          {now.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit', hour12: false })}
        </p>
        <h1 className="home-greeting">{say(greetingAt(now.getHours()), { name: session.name })}</h1>
        <p className="home-date">
          {capital(now.toLocaleDateString(locale, { weekday: 'long', day: 'numeric', month: 'long' }))}
        </p>
      </header>
      <ul className="home-apps" aria-label={say('home.apps')}>
        {apps.map((app) => (
          <li key={app.id}>
            <PlainButton className="home-app" onPress={() => openApp(app.id)}>
              <AppIcon icon={app.icon} hue={app.hue} size={60} />
              <span>{app.name[locale]}</span>
            </PlainButton>
          </li>
        ))}
      </ul>
      {!isPhone && (
        <p className="home-hint">
          <Keys keys="Ctrl+K" /> {say('home.hint')}
        </p>
      )}
    </section>
  )
}

function useMinute(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setTimeout(() => setNow(new Date()), 60_000 - (Date.now() % 60_000) + 50)
    return () => clearTimeout(timer)
  }, [])
  return now
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
