import { Button, EmptyState, FileInput, Icon, type IconName, Note } from '@anarq/design'
import { type ReactNode, useRef } from 'react'
import { useSurroundings } from '../context.ts'
import { type FaultWords, isPassing } from '../logic/faults.ts'
import type { Place } from '../logic/place.ts'

const iconOf: Readonly<Record<Place['at'], IconName>> = {
  folder: 'folder',
  tag: 'tag',
  search: 'search',
  trash: 'trash',
  'shared-by-me': 'share',
  'shared-with-me': 'people',
}

export type EmptyProps = {
  readonly place: Place
  readonly onNewFolder: () => void
  readonly onGive: (files: readonly File[]) => void
}

/** Nothing here yet: what this place is for, and the first step. */
export function Empty({ place, onNewFolder, onGive }: EmptyProps): ReactNode {
  const { say } = useSurroundings()
  const input = useRef<HTMLInputElement>(null)
  const key = place.at === 'folder' && place.path === '/' ? 'drive' : place.at
  const acts =
    place.at !== 'folder' ? undefined : (
      <>
        <Button look="accent" icon="upload" onPress={() => input.current?.click()}>
          {say('act.upload-files')}
        </Button>
        <Button icon="folder" onPress={onNewFolder}>
          {say('act.new-folder')}
        </Button>
        <FileInput input={input} isMany label={say('act.upload-files')} onFiles={onGive} />
      </>
    )
  return (
    <div className="qd-empty">
      <EmptyState icon={iconOf[place.at]} title={say(`empty.${key}.title`)} acts={acts}>
        {say(`empty.${key}`)}
      </EmptyState>
    </div>
  )
}

export type FailedProps = {
  readonly words: FaultWords
  readonly isSmall?: boolean
  readonly onRetry: () => void
}

/** What went wrong with reading this place: in its middle, or above what was there before. */
export function Failed({ words, isSmall = false, onRetry }: FailedProps): ReactNode {
  const { say } = useSurroundings()
  const text = words.key === undefined ? words.sentence : say(words.key)
  if (isSmall)
    return (
      <div className="qd-failed" role="alert">
        <Note tone="warning" icon="alert">
          {text}
        </Note>
      </div>
    )
  const isLocked = isPassing(words.code) && words.code !== 'unavailable.node'
  const title = say(
    isLocked
      ? 'failed.locked.title'
      : words.code === 'unavailable.node'
        ? 'failed.node.title'
        : 'failed.title',
  )
  return (
    <div className="qd-empty" role="alert">
      <EmptyState
        icon={isLocked ? 'lock' : 'alert'}
        tone={isLocked ? 'accent' : 'danger'}
        title={title}
        acts={
          <Button look="accent" icon="refresh" onPress={onRetry}>
            {say('act.retry-all')}
          </Button>
        }
      >
        {text}
      </EmptyState>
    </div>
  )
}

export function DropVeil({ name }: { readonly name: string }): ReactNode {
  const { say } = useSurroundings()
  return (
    <div className="qd-veil" aria-hidden="true">
      <div>
        <span className="aq-empty-icon">
          <Icon name="upload" />
        </span>
        <strong>{say('drop.here', { folder: name })}</strong>
        <span>{say('drop.text')}</span>
      </div>
    </div>
  )
}
