import { useCallback, useEffect, useLayoutEffect, useReducer } from 'react'
import { findApp, mayBeApp } from '../apps/registry.ts'
import type { Apps } from '../apps/use-apps.ts'
import { readJson, writeJson } from '../client/preferences.ts'
import type { Size } from '../windows/geometry.ts'
import { fromLayout, toLayout } from '../windows/layout.ts'
import { type Act, type Desk, next } from '../windows/state.ts'

export const shelfHeight = 68
export const phoneBars = { top: 48, bottom: 60 } as const
const saveAfterMs = 400

export function areaOf(width: number, height: number, isPhone: boolean): Size {
  const taken = isPhone ? phoneBars.top + phoneBars.bottom : shelfHeight
  return { width: Math.max(width, 1), height: Math.max(height - taken, 1) }
}

/** The windows of one identity, where it left them; they follow the size of the viewport. */
export function useDesk(did: string, isPhone: boolean, apps: Apps): readonly [Desk, (act: Act) => void] {
  const [desk, act] = useReducer(next, undefined, () =>
    fromLayout(readJson(localStorage, `layout.${did}`), areaOf(innerWidth, innerHeight, isPhone), mayBeApp),
  )
  const fit = useCallback(
    () => act({ do: 'area', area: areaOf(innerWidth, innerHeight, isPhone) }),
    [isPhone],
  )
  useLayoutEffect(() => {
    fit()
    addEventListener('resize', fit)
    return () => removeEventListener('resize', fit)
  }, [fit])
  useEffect(() => {
    // What a phone does to the sizes of windows is nothing to keep.
    if (isPhone) return
    const timer = setTimeout(() => writeJson(localStorage, `layout.${did}`, toLayout(desk)), saveAfterMs)
    return () => clearTimeout(timer)
  }, [desk, did, isPhone])
  useEffect(() => {
    // What was taken away while its window was open, or since it was last here.
    if (!apps.isKnown) return
    for (const { id, app } of desk.windows) if (findApp(apps.all, app) === undefined) act({ do: 'close', id })
  }, [apps, desk.windows])
  return [desk, act]
}
