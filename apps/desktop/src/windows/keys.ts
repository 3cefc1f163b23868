/**
 * The keys of the desktop. Alt+Shift is its modifier: browsers and systems leave it free. Keys are told by where they lie
 * (`code`), since Alt changes what they print.
 */
export type KeyPress = {
  readonly code: string
  readonly altKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
}

export type Command =
  | 'launcher'
  | 'next-window'
  | 'previous-window'
  | 'step-left'
  | 'step-right'
  | 'step-up'
  | 'step-down'
  | 'move-mode'
  | 'resize-mode'
  | 'close'
  | 'clear'
  | 'lock'
  | 'notices'
  | 'keys'

const shifted: Readonly<Record<string, Command>> = {
  ArrowLeft: 'step-left',
  ArrowRight: 'step-right',
  ArrowUp: 'step-up',
  ArrowDown: 'step-down',
  KeyM: 'move-mode',
  KeyR: 'resize-mode',
  KeyW: 'close',
  KeyD: 'clear',
  KeyL: 'lock',
  KeyN: 'notices',
  KeyK: 'keys',
}

export function commandOf({ code, altKey, ctrlKey, metaKey, shiftKey }: KeyPress): Command | undefined {
  if (altKey && shiftKey && !ctrlKey && !metaKey) return shifted[code]
  if (code === 'KeyK' && (ctrlKey || metaKey) && !altKey && !shiftKey) return 'launcher'
  if (code === 'Backquote' && ctrlKey && !altKey && !metaKey)
    return shiftKey ? 'previous-window' : 'next-window'
  return undefined
}

/** From part to part of the shell, as in other programs. */
export const partKey = 'F6'

/** Every combination that is the shell's own, as an app's page can tell it: the modifiers in this order, then `code`. */
export const combinations: readonly string[] = [
  ...Object.keys(shifted).map((code) => `Alt+Shift+${code}`),
  'Ctrl+KeyK',
  'Meta+KeyK',
  'Ctrl+Backquote',
  'Ctrl+Shift+Backquote',
  partKey,
  `Shift+${partKey}`,
]

/** The press of a combination that a frame told of; undefined for what is not the shell's. */
export function pressOf(combination: unknown): KeyPress | undefined {
  if (typeof combination !== 'string' || !combinations.includes(combination)) return undefined
  const parts = combination.split('+')
  return {
    code: parts.at(-1) ?? '',
    altKey: parts.includes('Alt'),
    ctrlKey: parts.includes('Ctrl'),
    metaKey: parts.includes('Meta'),
    shiftKey: parts.includes('Shift'),
  }
}

/** As they are printed on a keyboard, for menus and the list of keys. */
export const keysOf: Readonly<Record<Command, string>> = {
  launcher: 'Ctrl+K',
  'next-window': 'Ctrl+`',
  'previous-window': 'Ctrl+Shift+`',
  'step-left': 'Alt+Shift+←',
  'step-right': 'Alt+Shift+→',
  'step-up': 'Alt+Shift+↑',
  'step-down': 'Alt+Shift+↓',
  'move-mode': 'Alt+Shift+M',
  'resize-mode': 'Alt+Shift+R',
  close: 'Alt+Shift+W',
  clear: 'Alt+Shift+D',
  lock: 'Alt+Shift+L',
  notices: 'Alt+Shift+N',
  keys: 'Alt+Shift+K',
}

const strides: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** How far an arrow moves a window or its edge in the two modes; with Shift it is finer. */
export function strideOf({
  code,
  shiftKey,
}: Pick<KeyPress, 'code' | 'shiftKey'>): { x: number; y: number } | undefined {
  const stride = strides[code]
  const step = shiftKey ? 4 : 24
  return stride === undefined ? undefined : { x: stride[0] * step, y: stride[1] * step }
}
