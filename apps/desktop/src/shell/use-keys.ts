import { useEffect, useRef } from 'react'
import { type Command, commandOf, type KeyPress, partKey } from '../windows/keys.ts'
import { byRecency } from '../windows/state.ts'
import { beginWindowMode } from '../windows/use-window-mode.ts'
import type { Shell } from './context.ts'

/** The keys that the whole desktop hears. F6 goes from part to part, as in other programs. */
export function useKeys(shell: Shell): void {
  const current = useRef(shell)
  current.current = shell
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (!press(event, current.current)) return
      event.preventDefault()
      event.stopPropagation()
    }
    addEventListener('keydown', listen, { capture: true })
    return () => removeEventListener('keydown', listen, { capture: true })
  }, [])
}

/** True where the press is one of the shell's own, and was acted on. */
export function press(pressed: KeyPress, shell: Shell): boolean {
  const command = commandOf(pressed)
  if (pressed.code === partKey) goToPart(pressed.shiftKey ? -1 : 1)
  else if (command !== undefined) carryOut(command, shell)
  else return false
  return true
}

export function carryOut(command: Command, shell: Shell): void {
  const { desk, act, show, overlay, lock } = shell
  if (command === 'launcher' || command === 'notices' || command === 'keys') {
    show(overlay === command ? undefined : command)
  } else if (command === 'clear') act({ do: 'clear' })
  else if (command === 'lock') lock()
  else if (command === 'next-window' || command === 'previous-window') {
    const order = byRecency(desk)
    const isOn = desk.focused !== undefined
    const next = !isOn ? order[0] : command === 'next-window' ? order.at(-1) : order[1]
    if (next !== undefined) act({ do: 'focus', id: next.id })
  } else if (desk.focused !== undefined) onWindow(command, desk.focused, act)
}

function onWindow(command: WindowCommand, id: string, act: Shell['act']): void {
  switch (command) {
    case 'close':
      act({ do: 'close', id })
      break
    case 'move-mode':
    case 'resize-mode':
      beginWindowMode(id, command === 'move-mode' ? 'move' : 'resize')
      break
    case 'step-left':
    case 'step-right':
    case 'step-up':
    case 'step-down':
      act({ do: 'step', id, direction: directions[command] })
      break
    default:
      command satisfies never
  }
}

type WindowCommand = Exclude<
  Command,
  'launcher' | 'notices' | 'keys' | 'clear' | 'lock' | 'next-window' | 'previous-window'
>
const directions = {
  'step-left': 'left',
  'step-right': 'right',
  'step-up': 'up',
  'step-down': 'down',
} as const

/** From the window in front to the shelf to the status and round; a part gets the focus where it would have it by tab. */
function goToPart(by: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>('[data-landmark]')].filter(
    (part) => part.dataset.window === undefined || part.dataset.focused !== undefined,
  )
  const at = parts.findIndex((part) => part.contains(document.activeElement))
  const next = parts.at((at + by + parts.length) % parts.length)
  const inner = next?.querySelector<HTMLElement>('button:not([disabled]), [tabindex="0"], input')
  if (next?.dataset.window !== undefined) next.focus()
  else inner?.focus()
}
