/** What is kept of the windows for the next time, and how it is read back: what was stored is an outsider too. */
import type { Rect, Size, Zone } from './geometry.ts'
import { type Desk, emptyDesk, next, type WindowState, windowsMax } from './state.ts'

const zones: readonly unknown[] = [
  'full',
  'left',
  'right',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
]

export function toLayout({ windows, focused, opened }: Desk): unknown {
  return { v: 1, opened, focused, windows: windows.map(({ title: _, ...kept }) => kept) }
}

/** A desk with the windows of `stored` whose apps there are; whatever else it holds is left out. */
export function fromLayout(stored: unknown, area: Size, isApp: (app: string) => boolean): Desk {
  if (!isRecord(stored) || stored.v !== 1 || !Array.isArray(stored.windows)) return emptyDesk(area)
  const windows: WindowState[] = []
  for (const one of stored.windows.slice(0, windowsMax)) {
    const window = readWindow(one, isApp)
    if (window !== undefined && !windows.some(({ id }) => id === window.id)) windows.push(window)
  }
  const opened = Math.max(0, ...windows.map(({ id }) => Number(id.slice(1))))
  const focused = windows.find(({ id, isMinimised }) => id === stored.focused && !isMinimised)?.id
  return next({ area, windows, focused, opened }, { do: 'area', area })
}

function readWindow(value: unknown, isApp: (app: string) => boolean): WindowState | undefined {
  if (!isRecord(value)) return undefined
  const { id, app, argument, rect, zone, isMinimised } = value
  if (typeof id !== 'string' || !/^w[1-9]\d{0,8}$/.test(id)) return undefined
  if (typeof app !== 'string' || !isApp(app) || !isRect(rect)) return undefined
  return {
    id,
    app,
    argument: typeof argument === 'string' && argument.length <= 2000 ? argument : undefined,
    title: undefined,
    rect,
    zone: zones.includes(zone) ? (zone as Zone) : undefined,
    isMinimised: isMinimised === true,
  }
}

function isRect(value: unknown): value is Rect {
  return isRecord(value) && ['x', 'y', 'width', 'height'].every((name) => Number.isFinite(value[name]))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
