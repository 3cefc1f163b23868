import type { Entry } from './entry.ts'
import type { Place } from './place.ts'

/** What can be done with what is chosen, in the order of the menu. */
export type Command =
  | 'open'
  | 'preview'
  | 'show'
  | 'download'
  | 'share'
  | 'rename'
  | 'move'
  | 'copy'
  | 'tag'
  | 'versions'
  | 'details'
  | 'trash'
  | 'restore'
  | 'erase'
  | 'new-folder'
  | 'select-all'
  | 'refresh'
  | 'empty-trash'

export function commandsFor(place: Place, chosen: readonly Entry[]): readonly (Command | 'separator')[] {
  if (place.at === 'trash') {
    if (chosen.length > 0) return ['restore', 'details', 'separator', 'erase']
    return ['select-all', 'refresh', 'separator', 'empty-trash']
  }
  if (chosen.length === 0)
    return place.at === 'folder' ? ['new-folder', 'select-all', 'refresh'] : ['select-all', 'refresh']
  const isOne = chosen.length === 1
  const isFile = isOne && chosen[0]?.kind === 'file'
  return [
    ...(isOne ? (['open'] as const) : []),
    ...(place.at === 'folder' || !isOne ? [] : (['show'] as const)),
    'download',
    ...(isOne ? (['share'] as const) : []),
    'separator',
    ...(isOne ? (['rename'] as const) : []),
    'move',
    'copy',
    'tag',
    ...(isFile ? (['versions'] as const) : []),
    'details',
    'separator',
    'trash',
  ]
}

/** The keys of a command, as a menu shows them. */
export const keysOf: Readonly<Partial<Record<Command, string>>> = {
  open: 'Enter',
  download: 'D',
  share: 'S',
  rename: 'F2',
  move: 'M',
  copy: 'C',
  tag: 'T',
  versions: 'V',
  details: 'Alt+Enter',
  trash: 'Del',
  'new-folder': 'Shift+N',
  'select-all': 'Ctrl+A',
}

export type Stroke = {
  readonly key: string
  readonly hasAlt: boolean
  readonly hasShift: boolean
  /** Ctrl, or Command. */
  readonly hasCommand: boolean
}

export type KeyAct =
  | { readonly do: 'walk'; readonly by: number }
  | { readonly do: 'walk-to'; readonly to: 'first' | 'last' }
  | { readonly do: 'command'; readonly command: Command }
  | { readonly do: 'toggle' | 'back' | 'forward' | 'up' | 'search' | 'let-go' }
  | { readonly do: 'type'; readonly letter: string }

const letters: Readonly<Record<string, Command>> = {
  d: 'download',
  s: 'share',
  m: 'move',
  c: 'copy',
  t: 'tag',
  v: 'versions',
}

/** What a key does in the list. Letters act on what is chosen, and find a name where nothing is. */
export function keyAct(
  { key, hasAlt, hasShift, hasCommand }: Stroke,
  {
    columns,
    page,
    hasChosen,
    isTyping,
  }: { columns: number; page: number; hasChosen: boolean; isTyping: boolean },
): KeyAct | undefined {
  if (hasAlt) {
    if (key === 'ArrowLeft') return { do: 'back' }
    if (key === 'ArrowRight') return { do: 'forward' }
    if (key === 'ArrowUp') return { do: 'up' }
    if (key === 'Enter') return { do: 'command', command: 'details' }
    return undefined
  }
  if (hasCommand && key.toLowerCase() === 'a') return { do: 'command', command: 'select-all' }
  if (hasCommand && key.toLowerCase() === 'f') return { do: 'search' }
  switch (key) {
    case 'ArrowDown':
      return { do: 'walk', by: columns }
    case 'ArrowUp':
      return { do: 'walk', by: -columns }
    case 'ArrowRight':
      return columns > 1 ? { do: 'walk', by: 1 } : undefined
    case 'ArrowLeft':
      return columns > 1 ? { do: 'walk', by: -1 } : undefined
    case 'PageDown':
      return { do: 'walk', by: columns * page }
    case 'PageUp':
      return { do: 'walk', by: -columns * page }
    case 'Home':
      return { do: 'walk-to', to: 'first' }
    case 'End':
      return { do: 'walk-to', to: 'last' }
    case 'Enter':
      return { do: 'command', command: 'open' }
    case ' ':
      return hasCommand ? { do: 'toggle' } : { do: 'command', command: 'preview' }
    case 'F2':
      return { do: 'command', command: 'rename' }
    case 'F5':
      return { do: 'command', command: 'refresh' }
    case 'Delete':
      return { do: 'command', command: hasShift ? 'erase' : 'trash' }
    case 'Backspace':
      return { do: 'up' }
    case 'Escape':
      return { do: 'let-go' }
    case '/':
      return { do: 'search' }
    default:
  }
  if (hasCommand || key.length !== 1) return undefined
  if (hasShift && key === 'N') return { do: 'command', command: 'new-folder' }
  const command = isTyping || !hasChosen ? undefined : letters[key]
  return command === undefined ? { do: 'type', letter: key } : { do: 'command', command }
}
