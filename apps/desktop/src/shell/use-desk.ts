import { useCallback, useEffect, useLayoutEffect, useReducer, useRef } from 'react'
import { findApp, mayBeApp } from '../apps/registry.ts'
import type { Apps } from '../apps/use-apps.ts'
import type { Size } from '../windows/geometry.ts'
import { fromLayout, toLayout } from '../windows/layout.ts'
import { type Act, type Desk, next } from '../windows/state.ts'

export const shelfHeight = 68
export const phoneBars = { top: 48, bottom: 60 } as const
const saveAfterMs = 700

export function areaOf(width: number, height: number, isPhone: boolean): Size {
  const taken = isPhone ? phoneBars.top + phoneBars.bottom : shelfHeight
  return { width: Math.max(width, 1), height: Math.max(height - taken, 1) }
}

export type DeskOptions = {
  readonly isPhone: boolean
  readonly apps: Apps
  /** As it was kept. */
  readonly layout: unknown
  readonly onKeep: (layout: unknown) => Promise<void>
}

/** The windows of one identity, where it left them; they follow the size of the viewport. */
export function useDesk({
  isPhone,
  apps,
  layout,
  onKeep,
}: DeskOptions): readonly [desk: Desk, act: (act: Act) => void, keepNow: () => Promise<void>] {
  const [desk, act] = useReducer(next, undefined, () => {
    const kept = fromLayout(layout, areaOf(innerWidth, innerHeight, isPhone), mayBeApp)
    // One window would fill a phone: there one begins at home, and finds the rest among what is open.
    return isPhone ? next(kept, { do: 'blur' }) : kept
  })
  const kept = useRef(JSON.stringify(toLayout(desk)))
  const fit = useCallback(
    () => act({ do: 'area', area: areaOf(innerWidth, innerHeight, isPhone) }),
    [isPhone],
  )
  useLayoutEffect(() => {
    fit()
    addEventListener('resize', fit)
    return () => removeEventListener('resize', fit)
  }, [fit])
  const keepNow = useCallback(async () => {
    const layout = toLayout(desk)
    const text = JSON.stringify(layout)
    if (isPhone || text === kept.current) return
    kept.current = text
    await onKeep(layout)
  }, [desk, isPhone, onKeep])
  useEffect(() => {
    // What a phone does to the sizes of windows is nothing to keep.
    if (isPhone) return
    const timer = setTimeout(() => void keepNow(), saveAfterMs)
    return () => clearTimeout(timer)
  }, [isPhone, keepNow])
  useEffect(() => {
    // What was taken away while its window was open, or since it was last here.
    if (!apps.isKnown) return
    for (const { id, app } of desk.windows) if (findApp(apps.all, app) === undefined) act({ do: 'close', id })
  }, [apps, desk.windows])
  return [desk, act, keepNow]
}
