import './design-page.css'
import { DesignProvider, Segments, Wordmark } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useAppearance } from '../shell/appearance.ts'
import { Choices, Collections, Colours, Feedback, Fields, Icons, Verbs } from './specimens.tsx'

const modes = [
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
] as const
const contrasts = [
  { value: 'standard', label: 'Standard' },
  { value: 'more', label: 'More contrast' },
] as const

/** Every component of the design system, in every theme. Only while developing: it is no part of what is built. */
export function DesignPage(): ReactNode {
  const [mode, setMode] = useState<'light' | 'dark'>('light')
  const [contrast, setContrast] = useState<'standard' | 'more'>('standard')
  useAppearance({ mode, contrast, motion: 'full' }, 'en')
  return (
    <DesignProvider locale="en">
      <main className="specimens aq-scroll">
        <header className="specimens-head">
          <Wordmark size={36} />
          <Segments label="Theme" options={modes} value={mode} onChange={setMode} />
          <Segments label="Contrast" options={contrasts} value={contrast} onChange={setContrast} />
        </header>
        <Colours />
        <Verbs />
        <Fields />
        <Choices />
        <Feedback />
        <Collections />
        <Icons />
      </main>
    </DesignProvider>
  )
}
