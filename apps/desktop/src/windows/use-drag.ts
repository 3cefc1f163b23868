import { type PointerEvent, useRef } from 'react'
import type { Point } from './geometry.ts'

export type Drag = {
  /** What `moved` and `ended` get back, such as where things were; `undefined` where nothing is dragged. */
  start: (at: Point) => unknown
  moved: (started: unknown, by: Point, at: Point) => void
  ended: (started: unknown, at: Point | undefined) => void
}

type Handlers = {
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onPointerMove: (event: PointerEvent) => void
  readonly onPointerUp: (event: PointerEvent) => void
  readonly onPointerCancel: (event: PointerEvent) => void
}

const slack = 4

/** Follows one pointer from where it went down; a hand that trembles less than a few pixels only clicks. */
export function useDrag({ start, moved, ended }: Drag): Handlers {
  const drag = useRef<{ from: Point; started: unknown; isMoving: boolean }>(undefined)
  const end = (event: PointerEvent, isKept: boolean): void => {
    const current = drag.current
    drag.current = undefined
    if (current?.isMoving) ended(current.started, isKept ? at(event) : undefined)
  }
  return {
    onPointerDown(event) {
      if (event.button !== 0 || !event.isPrimary) return
      if (event.target instanceof Element && event.target.closest('button') !== null) return
      const from = at(event)
      drag.current = { from, started: start(from), isMoving: false }
      event.currentTarget.setPointerCapture(event.pointerId)
    },
    onPointerMove(event) {
      const current = drag.current
      if (current === undefined) return
      const here = at(event)
      const by = { x: here.x - current.from.x, y: here.y - current.from.y }
      if (!current.isMoving && Math.hypot(by.x, by.y) < slack) return
      current.isMoving = true
      moved(current.started, by, here)
    },
    onPointerUp: (event) => end(event, true),
    onPointerCancel: (event) => end(event, false),
  }
}

function at({ clientX, clientY }: PointerEvent): Point {
  return { x: clientX, y: clientY }
}
