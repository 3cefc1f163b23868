import { EmptyState, Group, PageHead, RadioGroup } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'

export function Language(): ReactNode {
  const { say, preferences } = useSurroundings()
  if (preferences === undefined)
    return (
      <EmptyState icon="lock" title={say('place.language')}>
        {say('appearance.locked')}
      </EmptyState>
    )
  return (
    <>
      <PageHead title={say('place.language')} text={say('language.text')} />
      <Group>
        <RadioGroup
          label={say('language.label')}
          value={preferences.value.locale}
          onChange={(locale) => preferences.change({ locale })}
          options={[
            { value: 'en', label: 'English' },
            { value: 'es', label: 'Español' },
          ]}
        />
      </Group>
    </>
  )
}
