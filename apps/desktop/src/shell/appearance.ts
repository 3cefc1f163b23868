/** From what one prefers and what the system says to what is drawn. */
import type { AppTheme, Preferences } from '@anarq/design'
import { useEffect, useSyncExternalStore } from 'react'

const questions = [
  '(prefers-color-scheme: dark)',
  '(prefers-contrast: more)',
  '(prefers-reduced-motion: reduce)',
] as const

/** Below this, one app fills the screen. */
export const phoneWidth = '(width < 40rem)'

export type SystemTastes = {
  readonly isDark: boolean
  readonly isContrasty: boolean
  readonly isStill: boolean
}

export function themeFor({ theme, contrast, motion }: Preferences, system: SystemTastes): AppTheme {
  return {
    mode: theme === 'system' ? (system.isDark ? 'dark' : 'light') : theme,
    contrast: contrast === 'system' ? (system.isContrasty ? 'more' : 'standard') : contrast,
    motion: motion === 'system' ? (system.isStill ? 'reduced' : 'full') : motion,
  }
}

export function useSystemTastes(): SystemTastes {
  const [isDark, isContrasty, isStill] = questions.map(useMedia) as [boolean, boolean, boolean]
  return { isDark, isContrasty, isStill }
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    () => matchMedia(query).matches,
  )
}

/** The stylesheet reads it from the root element. */
export function useAppearance(theme: AppTheme, locale: string): void {
  const { mode, contrast, motion } = theme
  useEffect(() => {
    const root = document.documentElement
    root.dataset.theme = mode
    root.dataset.contrast = contrast
    root.dataset.motion = motion
    root.lang = locale
  }, [mode, contrast, motion, locale])
}
