/** A module of the system as a component like anybody's: its screen, drawn into the element that the shell gives. */

import * as face from 'anarq:module'
import { type AppProps, type AppWindow, DesignProvider } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { type ComponentType, lazy, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

type Shell = AppProps<AppSdk>
type Definition = { load(): Promise<{ default: ComponentType<Shell> }> }

/** Of what a module's face has, the app itself. */
function isDefinition(value: unknown): value is Definition {
  return typeof value === 'object' && value !== null && 'load' in value
}

/** So that the style sheet beside this script is asked for where the package lies, and not where the bundler would put it. */
const here = import.meta.url

export function mount(element: HTMLElement, shell: Shell): () => void {
  const definition = Object.values(face).find(isDefinition)
  if (definition === undefined) throw new Error('This module has no screen.')
  const Screen = lazy(() => definition.load())
  const place = document.createElement('div')
  place.style.height = '100%'
  const style = document.createElement('link')
  style.rel = 'stylesheet'
  style.href = new URL('style.css', here).href
  element.append(style, place)
  const root = createRoot(place)
  const draw = (): void =>
    root.render(
      <DesignProvider locale={shell.locale}>
        <Suspense>
          <Screen {...shell} window={asItIs(shell.window)} />
        </Suspense>
      </DesignProvider>,
    )
  // Styles first: what is drawn without them jumps when they come.
  style.addEventListener('load', draw, { once: true })
  style.addEventListener('error', draw, { once: true })
  const sizes = new ResizeObserver(draw)
  sizes.observe(element)
  const moved = (): void => void setTimeout(draw)
  element.addEventListener('focusin', moved)
  element.addEventListener('focusout', moved)
  return () => {
    sizes.disconnect()
    element.removeEventListener('focusin', moved)
    element.removeEventListener('focusout', moved)
    root.unmount()
  }
}

/** The shell's window answers what holds now; React draws anew for what is another object. */
function asItIs(window: AppWindow): AppWindow {
  return { ...window, isFocused: window.isFocused, isNarrow: window.isNarrow }
}
