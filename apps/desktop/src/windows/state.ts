/**
 * The windows, as a pure state machine: `next(desk, act)`. The last window of the list is in front; one that is minimised
 * keeps its place. Nothing here knows of a screen, so that a property test can try every order of acts.
 */
import {
  type Edge,
  inside,
  isReachable,
  type Point,
  type Rect,
  reachable,
  rectOfZone,
  resized,
  type Size,
  smallest,
  type Zone,
  zoneBeside,
} from './geometry.ts'

export type WindowState = {
  readonly id: string
  readonly app: string
  readonly argument: string | undefined
  /** What the app calls it; without it, the app's own name. */
  readonly title: string | undefined
  /** Where it lies while it is not in a zone. */
  readonly rect: Rect
  readonly zone: Zone | undefined
  readonly isMinimised: boolean
}

export type Desk = {
  readonly area: Size
  readonly windows: readonly WindowState[]
  /** The window with the keyboard. */
  readonly focused: string | undefined
  readonly opened: number
}

export type Act =
  | {
      readonly do: 'open'
      readonly app: string
      readonly argument?: string | undefined
      readonly size?: Size | undefined
      readonly isSingle?: boolean | undefined
    }
  | { readonly do: 'close' | 'focus' | 'minimise' | 'toggle' | 'restore'; readonly id: string }
  | { readonly do: 'move'; readonly id: string; readonly by: Point }
  | { readonly do: 'resize'; readonly id: string; readonly edge: Edge; readonly by: Point }
  | { readonly do: 'place'; readonly id: string; readonly rect: Rect }
  | { readonly do: 'snap'; readonly id: string; readonly zone: Zone }
  | { readonly do: 'step'; readonly id: string; readonly direction: 'left' | 'right' | 'up' | 'down' }
  | { readonly do: 'title'; readonly id: string; readonly title: string }
  | { readonly do: 'area'; readonly area: Size }
  | { readonly do: 'cascade' | 'clear' | 'blur' }

export const windowsMax = 40
const titleMax = 120
const usual: Size = { width: 880, height: 600 }
const stagger = 36

export function emptyDesk(area: Size): Desk {
  return { area, windows: [], focused: undefined, opened: 0 }
}

export function next(desk: Desk, act: Act): Desk {
  switch (act.do) {
    case 'open':
      return open(desk, act)
    case 'close':
      return refocused({ ...desk, windows: desk.windows.filter(({ id }) => id !== act.id) })
    case 'focus':
      return raise(desk, act.id)
    case 'minimise':
      return refocused(changed(desk, act.id, { isMinimised: true }))
    case 'restore':
      return changed(desk, act.id, { isMinimised: false, zone: undefined })
    case 'toggle':
      return raise(
        changedBy(desk, act.id, ({ zone }) => ({ zone: zone === 'full' ? undefined : 'full' })),
        act.id,
      )
    case 'move':
      return changedBy(desk, act.id, (window) => moved(window, act.by, desk.area))
    case 'resize':
      return changedBy(desk, act.id, (window) => ({
        zone: undefined,
        rect: resized(rectOf(window, desk.area), act.edge, act.by, desk.area),
      }))
    case 'place':
      return changed(desk, act.id, { zone: undefined, rect: reachable(act.rect, desk.area) })
    case 'snap':
      return raise(changed(desk, act.id, { zone: act.zone, isMinimised: false }), act.id)
    case 'step':
      return step(desk, act.id, act.direction)
    case 'title':
      return changed(desk, act.id, { title: act.title.slice(0, titleMax) })
    case 'area':
      return fitted({ ...desk, area: act.area })
    case 'cascade':
      return cascade(desk)
    case 'clear':
      return {
        ...desk,
        focused: undefined,
        windows: desk.windows.map((one) => ({ ...one, isMinimised: true })),
      }
    case 'blur':
      return { ...desk, focused: undefined }
    default:
      return act satisfies never
  }
}

/** Where a window is drawn. */
export function rectOf({ rect, zone }: WindowState, area: Size): Rect {
  return zone === undefined ? rect : rectOfZone(zone, area)
}

export function isHere(window: WindowState, area: Size): boolean {
  return isReachable(rectOf(window, area), area)
}

/** In the order in which one would switch to them: the one in front first, those put away last. */
export function byRecency({ windows }: Desk): readonly WindowState[] {
  const shown = windows.filter((one) => !one.isMinimised)
  const away = windows.filter((one) => one.isMinimised)
  return [...shown.reverse(), ...away.reverse()]
}

function open(
  desk: Desk,
  { app, argument, size = usual, isSingle = false }: Extract<Act, { do: 'open' }>,
): Desk {
  const same = isSingle ? desk.windows.find((one) => one.app === app) : undefined
  if (same !== undefined) {
    return raise(argument === undefined ? desk : changed(desk, same.id, { argument }), same.id)
  }
  if (desk.windows.length >= windowsMax) return desk
  const opened = desk.opened + 1
  const id = `w${opened}`
  const rect = placed(desk, size)
  const window = { id, app, argument, title: undefined, rect, zone: undefined, isMinimised: false }
  return { ...desk, opened, focused: id, windows: [...desk.windows, window] }
}

/** In the middle, a little above it; the next ones step down to the right, so that each title can be seen. */
function placed({ area, windows }: Desk, size: Size): Rect {
  const width = Math.min(Math.max(size.width, smallest.width), area.width - 2 * stagger)
  const height = Math.min(Math.max(size.height, smallest.height), area.height - stagger)
  const x = Math.round((area.width - width) / 2)
  const y = Math.round((area.height - height) / 2.4)
  for (let turn = 0; turn < windows.length + 1; turn += 1) {
    const rect = inside({ x: x + turn * stagger, y: y + turn * stagger, width, height }, area)
    if (!windows.some((one) => Math.abs(one.rect.x - rect.x) < 12 && Math.abs(one.rect.y - rect.y) < 12)) {
      return reachable(rect, area)
    }
  }
  return reachable({ x: gapFor(windows.length), y: gapFor(windows.length), width, height }, area)
}

function gapFor(count: number): number {
  return ((count * 29) % 7) * 24
}

/** A window that is pulled out of its zone gets its former size back, under the pointer. */
function moved(window: WindowState, by: Point, area: Size): Partial<WindowState> {
  const from = rectOf(window, area)
  const { width, height } = window.rect
  return { zone: undefined, rect: reachable({ x: from.x + by.x, y: from.y + by.y, width, height }, area) }
}

function step(desk: Desk, id: string, direction: 'left' | 'right' | 'up' | 'down'): Desk {
  const window = desk.windows.find((one) => one.id === id)
  if (window === undefined) return desk
  const zone = zoneBeside(window.zone, direction)
  if (zone === 'away') return next(desk, { do: 'minimise', id })
  return raise(changed(desk, id, { zone: zone === 'free' ? undefined : zone, isMinimised: false }), id)
}

function cascade(desk: Desk): Desk {
  let turn = 0
  const width = Math.round(desk.area.width * 0.6)
  const height = Math.round(desk.area.height * 0.65)
  const windows = desk.windows.map((one) => {
    if (one.isMinimised) return one
    const rect = reachable(
      inside({ x: 24 + turn * stagger, y: 16 + turn * stagger, width, height }, desk.area),
      desk.area,
    )
    turn += 1
    return { ...one, zone: undefined, rect }
  })
  return { ...desk, windows }
}

function fitted(desk: Desk): Desk {
  return {
    ...desk,
    windows: desk.windows.map((one) => ({ ...one, rect: reachable(inside(one.rect, desk.area), desk.area) })),
  }
}

function raise(desk: Desk, id: string): Desk {
  const window = desk.windows.find((one) => one.id === id)
  if (window === undefined) return desk
  const isFront = desk.windows.at(-1) === window && !window.isMinimised && desk.focused === id
  if (isFront) return desk
  return {
    ...desk,
    focused: id,
    windows: [...desk.windows.filter((one) => one !== window), { ...window, isMinimised: false }],
  }
}

/** After one went away, the next one in front has the keyboard. */
function refocused(desk: Desk): Desk {
  const current = desk.windows.find(({ id }) => id === desk.focused)
  if (current !== undefined && !current.isMinimised) return desk
  return { ...desk, focused: desk.windows.findLast((one) => !one.isMinimised)?.id }
}

function changed(desk: Desk, id: string, part: Partial<WindowState>): Desk {
  return changedBy(desk, id, () => part)
}

function changedBy(desk: Desk, id: string, part: (window: WindowState) => Partial<WindowState>): Desk {
  return { ...desk, windows: desk.windows.map((one) => (one.id === id ? { ...one, ...part(one) } : one)) }
}
