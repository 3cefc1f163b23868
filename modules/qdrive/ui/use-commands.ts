import { useCallback, useRef } from 'react'
import { useSurroundings } from './context.ts'
import type { Command } from './logic/commands.ts'
import type { Entry } from './logic/entry.ts'
import { parentOf } from './logic/paths.ts'
import type { Place } from './logic/place.ts'
import type { Asking } from './parts/askings.tsx'

export type Run = (command: Command, on?: readonly Entry[]) => void

type Needs = {
  readonly chosen: readonly Entry[]
  readonly entries: readonly Entry[]
  readonly folder: string
  readonly place: Place
  readonly onAsk: (asking: Asking) => void
  readonly onGo: (place: Place) => void
  readonly onPreview: (id: string) => void
  readonly onDetails: (command: Command) => void
  readonly onSelectAll: () => void
  readonly onRefresh: () => void
}

/** Each command in one place, whichever way it was asked for: by key, menu, button or double press. */
export function useCommands(needs: Needs): Run {
  const { actions } = useSurroundings()
  const latest = useRef(needs)
  latest.current = needs
  return useCallback(
    (command, on) => {
      const { chosen, entries, place, ...to } = latest.current
      const some = on ?? chosen
      const [first] = some
      switch (command) {
        case 'new-folder':
          return place.at === 'folder' ? to.onAsk({ what: 'new-folder' }) : undefined
        case 'select-all':
          return to.onSelectAll()
        case 'refresh':
          return to.onRefresh()
        case 'details':
        case 'versions':
          return to.onDetails(command)
        case 'empty-trash':
          return entries.length > 0 ? to.onAsk({ what: 'erase', entries }) : undefined
        default:
      }
      if (first === undefined) return
      const isTrash = place.at === 'trash'
      switch (command) {
        case 'open':
        case 'preview':
          if (isTrash) return to.onDetails('details')
          if (first.kind === 'file') return to.onPreview(first.id)
          return command === 'open' ? to.onGo({ at: 'folder', path: first.path }) : to.onDetails('details')
        case 'show':
          return to.onGo({ at: 'folder', path: parentOf(first.path) })
        case 'download':
          return isTrash ? undefined : void actions.download(some)
        case 'share':
          return isTrash ? undefined : to.onAsk({ what: 'share', entry: first })
        case 'rename':
          return isTrash ? undefined : to.onAsk({ what: 'rename', entry: first })
        case 'move':
        case 'copy':
          return isTrash ? undefined : to.onAsk({ what: command, entries: some })
        case 'tag':
          return isTrash ? undefined : to.onAsk({ what: 'tag', entries: some })
        case 'trash':
          return isTrash ? to.onAsk({ what: 'erase', entries: some }) : void actions.trash(some)
        case 'restore':
          return void actions.restore(some)
        case 'erase':
          return to.onAsk({ what: 'erase', entries: some })
        default:
          command satisfies never
      }
    },
    [actions],
  )
}
