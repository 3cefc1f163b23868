import { EmptyState, Group, PageHead, Segments } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'

export function Appearance(): ReactNode {
  const { say, preferences } = useSurroundings()
  if (preferences === undefined)
    return (
      <EmptyState icon="lock" title={say('place.appearance')}>
        {say('appearance.locked')}
      </EmptyState>
    )
  const { value, change } = preferences
  return (
    <>
      <PageHead title={say('place.appearance')} text={say('appearance.text')} />
      <Group>
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
      </Group>
      <Group
        title={say('contrast')}
        text={say('contrast.text')}
        acts={
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
        }
      />
      <Group
        title={say('motion')}
        text={say('motion.text')}
        acts={
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
        }
      />
    </>
  )
}
