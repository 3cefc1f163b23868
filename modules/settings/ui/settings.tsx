import './settings.css'
import {
  type AppProps,
  createSay,
  EmptyState,
  type PreferencesPort,
  RadioGroup,
  type Say,
  Segments,
  Sidebar,
  Tabs,
} from '@anarq/design'
import type { Sdk } from '@anarq/sdk/client'
import { type ReactNode, useEffect, useState } from 'react'
import { About } from './about.tsx'
import { type MessageKey, messages } from './messages.ts'

const places = [
  { id: 'appearance', icon: 'appearance' },
  { id: 'language', icon: 'language' },
  { id: 'about', icon: 'info' },
] as const
type Place = (typeof places)[number]['id']

export default function Settings(props: AppProps<Sdk>): ReactNode {
  const { window, locale, preferences } = props
  const say = createSay(messages, locale)
  const [place, setPlace] = useState<Place>(placeIn(window.argument))
  useEffect(() => {
    if (window.argument !== undefined) setPlace(placeIn(window.argument))
  }, [window.argument])
  const items = places.map(({ id, icon }) => ({ id, icon, label: say(id) }))
  const choose = (id: string): void => setPlace(placeIn(id))
  const content =
    preferences === undefined ? (
      <EmptyState icon="lock" title={say('appearance')}>
        –
      </EmptyState>
    ) : (
      <Content place={place} say={say} preferences={preferences} {...props} />
    )
  if (window.isNarrow) {
    return (
      <div className="settings-narrow">
        <Tabs
          label={say('settings.places')}
          selected={place}
          onSelect={choose}
          tabs={items.map((item) => ({
            ...item,
            content: <div className="settings-page aq-scroll">{item.id === place && content}</div>,
          }))}
        />
      </div>
    )
  }
  return (
    <div className="settings">
      <Sidebar label={say('settings.places')} items={items} selected={place} onSelect={choose} />
      <div className="settings-page aq-scroll">{content}</div>
    </div>
  )
}

type ContentProps = Omit<AppProps<Sdk>, 'preferences'> & {
  readonly place: Place
  readonly say: Say<MessageKey>
  readonly preferences: PreferencesPort
}

function Content({ place, say, preferences, sdk, events }: ContentProps): ReactNode {
  switch (place) {
    case 'appearance':
      return <Appearance say={say} preferences={preferences} />
    case 'language':
      return <Language say={say} preferences={preferences} />
    case 'about':
      return <About say={say} sdk={sdk} events={events} />
    default:
      return place satisfies never
  }
}

type Part = { readonly say: Say<MessageKey>; readonly preferences: PreferencesPort }

function Appearance({ say, preferences: { value, change } }: Part): ReactNode {
  return (
    <>
      <Head title={say('appearance')} text={say('appearance.text')} />
      <div className="settings-group">
        <div className="theme-cards" role="radiogroup" aria-label={say('theme')}>
          {(['light', 'dark', 'system'] as const).map((theme) => (
            <label key={theme} className="theme-card">
              <input
                type="radio"
                name="theme"
                className="aq-unseen"
                checked={value.theme === theme}
                onChange={() => change({ theme })}
              />
              <span className="theme-picture">
                {theme !== 'dark' && <span className="theme-scene" data-theme="light" />}
                {theme !== 'light' && <span className="theme-scene" data-theme="dark" />}
              </span>
              <span className="theme-name">{say(`theme.${theme}`)}</span>
            </label>
          ))}
        </div>
      </div>
      <div className="settings-group">
        <Line title={say('contrast')} text={say('contrast.text')}>
          <Segments
            label={say('contrast')}
            value={value.contrast}
            onChange={(contrast) => change({ contrast })}
            options={[
              { value: 'system', label: say('theme.system') },
              { value: 'standard', label: say('contrast.standard') },
              { value: 'more', label: say('contrast.more') },
            ]}
          />
        </Line>
        <Line title={say('motion')} text={say('motion.text')}>
          <Segments
            label={say('motion')}
            value={value.motion}
            onChange={(motion) => change({ motion })}
            options={[
              { value: 'system', label: say('theme.system') },
              { value: 'full', label: say('motion.full') },
              { value: 'reduced', label: say('motion.reduced') },
            ]}
          />
        </Line>
      </div>
    </>
  )
}

function Language({ say, preferences: { value, change } }: Part): ReactNode {
  return (
    <>
      <Head title={say('language')} text={say('language.text')} />
      <div className="settings-group">
        <RadioGroup
          label={say('language.label')}
          value={value.locale}
          onChange={(locale) => change({ locale })}
          options={[
            { value: 'en', label: 'English' },
            { value: 'es', label: 'Español' },
          ]}
        />
      </div>
    </>
  )
}

export function Head({ title, text }: { readonly title: string; readonly text: string }): ReactNode {
  return (
    <header className="settings-head">
      <h2>{title}</h2>
      <p>{text}</p>
    </header>
  )
}

function Line({
  title,
  text,
  children,
}: {
  readonly title: string
  readonly text: string
  readonly children: ReactNode
}): ReactNode {
  return (
    <div className="settings-line">
      <div>
        <strong>{title}</strong>
        <p>{text}</p>
      </div>
      {children}
    </div>
  )
}

function placeIn(argument: string | undefined): Place {
  return places.find(({ id }) => id === argument)?.id ?? 'appearance'
}
