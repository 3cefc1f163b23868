import { AlertDialog } from '@anarq/design'
import type { ReactNode } from 'react'
import { useSurroundings } from '../context.ts'
import type { Answer, Conflict } from '../logic/conflicts.ts'
import type { Entry } from '../logic/entry.ts'
import { freeName } from '../logic/names.ts'
import type { Coming } from '../model/use-uploads.ts'
import { ConflictDialog, NameDialog, TagDialog } from './dialogs.tsx'
import { FolderPicker } from './folder-picker.tsx'
import { ShareDialog } from './share-dialog.tsx'

/** What the person is asked for at this moment. */
export type Asking =
  | { readonly what: 'new-folder' }
  | { readonly what: 'rename' | 'share'; readonly entry: Entry }
  | { readonly what: 'move' | 'copy' | 'tag' | 'erase'; readonly entries: readonly Entry[] }
  | {
      readonly what: 'conflicts'
      readonly conflicts: readonly Conflict<Coming>[]
      readonly resolve: (answerOf: ((one: Conflict<Coming>) => Answer) | undefined) => void
    }

export type AskingsProps = {
  readonly asking: Asking | undefined
  readonly tags: readonly string[]
  readonly entries: readonly Entry[]
  readonly folder: string
  readonly onClose: () => void
}

export function Askings({ asking, tags, entries, folder, onClose }: AskingsProps): ReactNode {
  const { say, actions } = useSurroundings()
  const taken = new Set(entries.map(({ name }) => name))
  const doing = (act: () => unknown) => (): void => {
    onClose()
    act()
  }
  switch (asking?.what) {
    case undefined:
      return null
    case 'erase':
      return (
        <EraseDialog
          entries={asking.entries}
          onErase={doing(() => actions.erase(asking.entries))}
          onClose={onClose}
        />
      )
    case 'new-folder':
      return (
        <NameDialog
          title={say('new-folder.title')}
          act={say('act.create')}
          name=""
          start={freeName(say('new-folder.name'), taken)}
          taken={taken}
          onName={(name) => doing(() => actions.makeFolder(folder, name))()}
          onClose={onClose}
        />
      )
    case 'rename':
      return (
        <NameDialog
          title={say('rename.title')}
          act={say('act.rename')}
          name={asking.entry.name}
          start={asking.entry.name}
          taken={taken}
          onName={(name) => doing(() => name !== asking.entry.name && actions.rename(asking.entry, name))()}
          onClose={onClose}
        />
      )
    case 'share':
      return <ShareDialog entry={asking.entry} onClose={onClose} />
    case 'move':
    case 'copy': {
      const isCopy = asking.what === 'copy'
      return (
        <FolderPicker
          title={say(`${asking.what}.title`)}
          act={say(isCopy ? 'act.copy-here' : 'act.move-here')}
          entries={asking.entries}
          isCopy={isCopy}
          start={folder}
          onPick={(to) =>
            doing(() => (isCopy ? actions.copy(asking.entries, to) : actions.move(asking.entries, to)))()
          }
          onClose={onClose}
        />
      )
    }
    case 'tag':
      return (
        <TagDialog
          entries={asking.entries}
          known={tags}
          onTag={(change) => doing(() => actions.tag(asking.entries, change))()}
          onClose={onClose}
        />
      )
    case 'conflicts':
      return (
        <ConflictDialog
          conflicts={asking.conflicts}
          onAnswer={(answerOf) => {
            onClose()
            asking.resolve(answerOf)
          }}
        />
      )
    default:
      return asking satisfies never
  }
}

type EraseProps = {
  readonly entries: readonly Entry[]
  readonly onErase: () => void
  readonly onClose: () => void
}

function EraseDialog({ entries, onErase, onClose }: EraseProps): ReactNode {
  const { say } = useSurroundings()
  const [first] = entries
  return (
    <AlertDialog
      isOpen
      isDanger
      title={say(entries.length === 1 ? 'erase.title.one' : 'erase.title.many', {
        name: first?.name ?? '',
        count: entries.length,
      })}
      act={say('act.erase')}
      cancel={say('act.cancel')}
      onCancel={onClose}
      onAct={onErase}
    >
      <p>{say('erase.text')}</p>
    </AlertDialog>
  )
}
