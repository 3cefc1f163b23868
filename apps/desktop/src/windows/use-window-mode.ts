import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useShell, useSurroundings } from '../shell/context.ts'
import type { Rect } from './geometry.ts'
import { strideOf } from './keys.ts'

type Kind = 'move' | 'resize'
export type WindowMode = {
  readonly kind: Kind | undefined
  /** Said aloud and shown while it lasts. */
  readonly text: string
  readonly begin: (kind: Kind) => void
  readonly onKeyDown: (event: KeyboardEvent) => void
}

/** Arrow keys move a window or its lower right corner, until Enter keeps that or Escape takes it back. */
export function useWindowMode(id: string, rect: Rect): WindowMode {
  const { act } = useShell()
  const { say } = useSurroundings()
  const [mode, setMode] = useState<{ kind: Kind; from: Rect }>()
  const now = useRef(rect)
  now.current = rect

  useEffect(() => {
    const listen = (event: Event): void => {
      const { window, kind } = (event as CustomEvent<{ window: string; kind: Kind }>).detail
      if (window === id) setMode({ kind, from: now.current })
    }
    addEventListener(modeEvent, listen)
    return () => removeEventListener(modeEvent, listen)
  }, [id])

  return {
    kind: mode?.kind,
    text: mode === undefined ? '' : say(mode.kind === 'move' ? 'window.moving' : 'window.resizing'),
    begin(kind) {
      setMode({ kind, from: rect })
      // The menu that was open gives the focus back first.
      setTimeout(() => document.querySelector<HTMLElement>(`[data-window="${id}"]`)?.focus(), 60)
    },
    onKeyDown(event) {
      if (mode === undefined) return
      const by = strideOf(event)
      if (by !== undefined && mode.kind === 'move') act({ do: 'move', id, by })
      else if (by !== undefined) act({ do: 'resize', id, edge: 'se', by })
      else if (event.code === 'Escape') act({ do: 'place', id, rect: mode.from })
      else if (event.code !== 'Enter') return
      event.preventDefault()
      event.stopPropagation()
      if (by === undefined) setMode(undefined)
    },
  }
}

const modeEvent = 'anarq-window-mode'

/** From a key that the whole desktop hears to the one window that it is for. */
export function beginWindowMode(window: string, kind: Kind): void {
  dispatchEvent(new CustomEvent(modeEvent, { detail: { window, kind } }))
}
