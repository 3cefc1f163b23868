import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { keyAct } from '../logic/commands.ts'
import type { Entry } from '../logic/entry.ts'
import { parentOf } from '../logic/paths.ts'
import type { Place } from '../logic/place.ts'
import {
  chooseAll,
  findTyped,
  kept,
  nothing,
  press,
  pressForMenu,
  type Selection,
  walk,
} from '../logic/selection.ts'
import type { Run } from '../use-commands.ts'
import type { Trailing } from './use-trail.ts'

type KeysNeeds = { readonly run: Run; readonly trailing: Trailing; readonly onSearch: () => void }

export type Selecting = {
  readonly selection: Selection
  readonly chosen: readonly Entry[]
  set(selection: Selection): void
  press(id: string, how: { isRange: boolean; isToggle: boolean }): void
  menu(id: string | undefined): void
  only(id: string): void
  all(): void
  keys(needs: KeysNeeds): (event: KeyboardEvent<HTMLElement>, columns: number, page: number) => void
}

/** So long after a letter the next one belongs to the same name. */
const typingMs = 900

export function useSelection(entries: readonly Entry[], place: Place): Selecting {
  const [selection, setSelection] = useState<Selection>(nothing)
  const ids = useMemo(() => entries.map(({ id }) => id), [entries])
  const before = useRef<{ ids: readonly string[]; place: string }>({ ids: [], place: '' })
  const typed = useRef({ text: '', atMs: 0 })
  const key = JSON.stringify(place)
  useEffect(() => {
    const isSamePlace = before.current.place === key
    const old = before.current.ids
    before.current = { ids, place: key }
    setSelection((now) => (isSamePlace ? kept(now, old, ids) : nothing))
  }, [ids, key])
  const chosen = useMemo(() => entries.filter(({ id }) => selection.chosen.has(id)), [entries, selection])

  const keys =
    ({ run, trailing, onSearch }: KeysNeeds) =>
    (event: KeyboardEvent<HTMLElement>, columns: number, page: number): void => {
      const nowMs = performance.now()
      const isTyping = nowMs - typed.current.atMs < typingMs && typed.current.text !== ''
      const hasCommand = event.ctrlKey || event.metaKey
      const stroke = { key: event.key, hasAlt: event.altKey, hasShift: event.shiftKey, hasCommand }
      const act = keyAct(stroke, { columns, page, hasChosen: selection.chosen.size > 0, isTyping })
      if (act === undefined) return
      event.preventDefault()
      event.stopPropagation()
      const how = { isRange: event.shiftKey, isToggle: hasCommand }
      const up = place.at === 'folder' && place.path !== '/' ? parentOf(place.path) : undefined
      switch (act.do) {
        case 'walk':
          setSelection(walk(selection, ids, { by: act.by }, how))
          return
        case 'walk-to':
          setSelection(walk(selection, ids, { to: act.to }, how))
          return
        case 'command':
          run(act.command)
          return
        case 'toggle':
          if (selection.active !== undefined)
            setSelection(press(selection, ids, selection.active, { isRange: false, isToggle: true }))
          return
        case 'back':
          trailing.goBack()
          return
        case 'forward':
          trailing.goForward()
          return
        case 'up':
          if (up !== undefined) trailing.goTo({ at: 'folder', path: up })
          return
        case 'search':
          onSearch()
          return
        case 'let-go':
          setSelection({ ...nothing, active: selection.active })
          return
        case 'type': {
          typed.current = { text: isTyping ? typed.current.text + act.letter : act.letter, atMs: nowMs }
          const found = findTyped(entries, typed.current.text, selection.active)
          if (found !== undefined)
            setSelection(press(selection, ids, found, { isRange: false, isToggle: false }))
          return
        }
        default:
          act satisfies never
      }
    }
  return {
    selection,
    chosen,
    set: setSelection,
    press: (id, how) => setSelection((now) => press(now, ids, id, how)),
    menu: (id) =>
      setSelection((now) => (id === undefined ? { ...nothing, active: now.active } : pressForMenu(now, id))),
    only: (id) => setSelection(press(nothing, ids, id, { isRange: false, isToggle: false })),
    all: () => setSelection((now) => chooseAll(ids, now)),
    keys,
  }
}
