/** Where windows may lie. All numbers are CSS pixels from the upper left corner of the area above the shelf. */
export type Size = { readonly width: number; readonly height: number }
export type Point = { readonly x: number; readonly y: number }
export type Rect = Point & Size
export type Edge = 'n' | 's' | 'e' | 'w' | 'ne' | 'nw' | 'se' | 'sw'
export type Zone = 'full' | 'left' | 'right' | 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right'

export const edges: readonly Edge[] = ['n', 's', 'e', 'w', 'ne', 'nw', 'se', 'sw']
export const titleHeight = 42
export const smallest: Size = { width: 320, height: 220 }
/** Of a title bar, as much stays in reach, so that every window can be fetched back. */
export const handleMin = 96
/** Around and between windows that were snapped. */
export const gap = 8

/** Moves a rectangle as little as it takes until its title bar is in reach. */
export function reachable(rect: Rect, area: Size): Rect {
  const width = between(rect.width, Math.min(smallest.width, area.width), Math.max(area.width, 1))
  const height = between(rect.height, Math.min(smallest.height, area.height), Math.max(area.height, 1))
  const handle = Math.min(handleMin, width, area.width)
  return {
    x: between(rect.x, handle - width, area.width - handle),
    y: between(rect.y, 0, Math.max(0, area.height - titleHeight)),
    width,
    height,
  }
}

/** Moves and, where it must, shrinks a rectangle until all of it is inside. */
export function inside(rect: Rect, area: Size): Rect {
  const width = Math.min(rect.width, Math.max(area.width, 1))
  const height = Math.min(rect.height, Math.max(area.height, 1))
  return {
    x: between(rect.x, 0, Math.max(0, area.width - width)),
    y: between(rect.y, 0, Math.max(0, area.height - height)),
    width,
    height,
  }
}

export function isReachable(rect: Rect, area: Size): boolean {
  const handle = Math.min(handleMin, rect.width, area.width)
  const isInReach = rect.x + rect.width >= handle && rect.x <= area.width - handle
  return isInReach && rect.y >= 0 && rect.y <= Math.max(0, area.height - titleHeight)
}

/** The edge follows the pointer; the opposite one stays where it is. */
export function resized(rect: Rect, edge: Edge, by: Point, area: Size): Rect {
  let { x, y, width, height } = rect
  const widthMin = Math.min(smallest.width, area.width)
  const heightMin = Math.min(smallest.height, area.height)
  if (edge.includes('e')) width = between(width + by.x, widthMin, area.width)
  if (edge.includes('s')) height = between(height + by.y, heightMin, area.height)
  if (edge.includes('w')) {
    const right = x + width
    width = between(width - by.x, widthMin, area.width)
    x = right - width
  }
  if (edge.includes('n')) {
    const bottom = y + height
    height = between(height - by.y, heightMin, Math.max(heightMin, Math.min(area.height, bottom)))
    y = bottom - height
  }
  return reachable({ x, y, width, height }, area)
}

/** Halves and quarters, with a gap around them; the whole has none. */
export function rectOfZone(zone: Zone, area: Size): Rect {
  if (zone === 'full') return { x: 0, y: 0, width: area.width, height: area.height }
  const width = (area.width - gap * 3) / 2
  const isHalf = zone === 'left' || zone === 'right'
  const height = isHalf ? area.height - gap * 2 : (area.height - gap * 3) / 2
  return {
    x: zone.endsWith('left') ? gap : gap * 2 + width,
    y: zone.startsWith('bottom') ? gap * 2 + height : gap,
    width: Math.max(width, 1),
    height: Math.max(height, 1),
  }
}

const edgeReach = 14
const cornerReach = 120

/** Where a window would snap, if it were dropped with the pointer here. */
export function zoneAt({ x, y }: Point, area: Size): Zone | undefined {
  const isLeft = x <= edgeReach
  const isRight = x >= area.width - edgeReach
  if (isLeft || isRight) {
    const side = isLeft ? 'left' : 'right'
    if (y <= cornerReach) return `top-${side}`
    if (y >= area.height - cornerReach) return `bottom-${side}`
    return side
  }
  return y <= 2 ? 'full' : undefined
}

/** The arrow keys walk from zone to zone; `free` is where the window was before. */
export function zoneBeside(
  zone: Zone | undefined,
  direction: 'left' | 'right' | 'up' | 'down',
): Zone | 'free' | 'away' {
  if (direction === 'left' || direction === 'right') {
    if (zone === undefined || zone === 'full') return direction
    if (zone.endsWith(direction)) return zone
    return zone === 'left' || zone === 'right' ? 'free' : (zone.replace(/left|right/, direction) as Zone)
  }
  if (direction === 'up') {
    if (zone === 'left' || zone === 'right') return `top-${zone}`
    if (zone?.startsWith('bottom')) return zone.slice('bottom-'.length) as Zone
    return 'full'
  }
  if (zone === 'left' || zone === 'right') return `bottom-${zone}`
  if (zone?.startsWith('top')) return zone.slice('top-'.length) as Zone
  return zone === 'full' ? 'free' : 'away'
}

function between(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(Number.isFinite(value) ? value : min, Math.max(min, max)))
}
