import {
  Breadcrumbs,
  Button,
  FileInput,
  IconButton,
  Menu,
  type MenuEntry,
  SearchField,
  Segments,
  Toolbar,
} from '@anarq/design'
import { type ReactNode, type RefObject, useRef } from 'react'
import { useSurroundings } from '../context.ts'
import { crumbsOf, parentOf } from '../logic/paths.ts'
import type { Place, Trail } from '../logic/place.ts'
import type { Sort, SortKey } from '../logic/sorting.ts'
import type { Look } from './file-view.tsx'
import { placeOfId } from './places.tsx'

export type BarProps = {
  readonly trail: Trail
  readonly look: Look
  readonly sort: Sort
  readonly search: string
  readonly isNarrow: boolean
  readonly showsDetails: boolean
  readonly tags: readonly string[]
  readonly searchField: RefObject<HTMLDivElement | null>
  readonly onBack: () => void
  readonly onForward: () => void
  readonly onGo: (place: Place) => void
  readonly onLook: (look: Look) => void
  readonly onSort: (key: SortKey) => void
  readonly onSearch: (text: string) => void
  readonly onNewFolder: () => void
  readonly onGive: (files: readonly File[]) => void
  readonly onDetails: () => void
  readonly isDroppable: (transfer: DataTransfer, path: string) => boolean
  readonly onDropOn: (path: string, transfer: DataTransfer) => void
}

export function Bar(props: BarProps): ReactNode {
  const { trail, look, search, isNarrow, showsDetails, searchField } = props
  const { say } = useSurroundings()
  const { here } = trail
  return (
    <div className="qd-bar">
      <Toolbar aria-label={say('bar')}>
        {isNarrow && <PlacesMenu {...props} />}
        <span className="qd-steps">
          <IconButton
            icon="back"
            label={say('act.back')}
            keys="Alt+←"
            isDisabled={trail.past.length === 0}
            onPress={props.onBack}
          />
          {!isNarrow && (
            <IconButton
              icon="chevron-right"
              label={say('act.forward')}
              keys="Alt+→"
              isDisabled={trail.ahead.length === 0}
              onPress={props.onForward}
            />
          )}
          <UpButton {...props} />
        </span>
        <Where {...props} />
        {!isNarrow && (
          <Segments
            label={say('look')}
            options={[
              { value: 'list', label: say('look.list'), icon: 'list', hidesLabel: true },
              { value: 'grid', label: say('look.grid'), icon: 'grid', hidesLabel: true },
            ]}
            value={look}
            onChange={props.onLook}
          />
        )}
        <SortMenu {...props} />
        {!isNarrow && (
          <IconButton
            icon="info"
            look={showsDetails ? 'plain' : 'quiet'}
            label={say('act.details')}
            keys="Alt+Enter"
            aria-pressed={showsDetails}
            onPress={props.onDetails}
          />
        )}
        <NewMenu {...props} isHidden={here.at !== 'folder'} />
      </Toolbar>
      <div className="qd-search" ref={searchField}>
        <SearchField
          label={say('search')}
          placeholder={say('search.hint')}
          value={search}
          onChange={props.onSearch}
        />
      </div>
    </div>
  )
}

function UpButton({ trail: { here }, onGo, isDroppable, onDropOn }: BarProps): ReactNode {
  const { say } = useSurroundings()
  const up = here.at === 'folder' && here.path !== '/' ? parentOf(here.path) : undefined
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only a place to drop on; "Move to…" does the same by keyboard.
    <span
      onDragOver={(event) => {
        if (up !== undefined && isDroppable(event.dataTransfer, up)) event.preventDefault()
      }}
      onDrop={(event) => {
        if (up === undefined || !isDroppable(event.dataTransfer, up)) return
        event.preventDefault()
        event.stopPropagation()
        onDropOn(up, event.dataTransfer)
      }}
    >
      <IconButton
        icon="sort"
        label={say('act.up')}
        keys="Alt+↑"
        isDisabled={up === undefined}
        onPress={() => up !== undefined && onGo({ at: 'folder', path: up })}
      />
    </span>
  )
}

const crumbsShown = { wide: 3, narrow: 1 }

function Where({ trail: { here }, isNarrow, onGo }: BarProps): ReactNode {
  const { say } = useSurroundings()
  if (here.at !== 'folder') return <h2 className="qd-where-title">{titleOf(here, say)}</h2>
  const all = [
    { id: '/', label: say('place.drive') },
    ...crumbsOf(here.path).map(({ path, name }) => ({ id: path, label: name })),
  ]
  const shown = isNarrow ? crumbsShown.narrow : crumbsShown.wide
  const hidden = all.slice(0, Math.max(0, all.length - shown))
  const toFolder = (path: string): void => onGo({ at: 'folder', path })
  return (
    <div className="qd-where-bar">
      {hidden.length > 0 && !isNarrow && (
        <Menu
          label={say('above')}
          entries={hidden.map(({ id, label }) => ({ id, label, icon: 'folder' }))}
          onAct={toFolder}
        >
          <IconButton icon="more" size="small" label={say('above')} />
        </Menu>
      )}
      <Breadcrumbs label={say('where')} path={all.slice(-shown)} onGo={toFolder} />
    </div>
  )
}

export function titleOf(place: Place, say: ReturnType<typeof useSurroundings>['say']): string {
  if (place.at === 'tag') return say('place.tagged', { tag: place.tag })
  if (place.at === 'search') return say('place.found', { text: place.text })
  if (place.at === 'folder')
    return place.path === '/' ? say('place.drive') : (crumbsOf(place.path).at(-1)?.name ?? '')
  return say(`place.${place.at}`)
}

function PlacesMenu({ tags, onGo }: BarProps): ReactNode {
  const { say } = useSurroundings()
  const entries: MenuEntry[] = [
    { id: 'drive', label: say('place.drive'), icon: 'drive' },
    { id: 'shared-with-me', label: say('place.shared-with-me'), icon: 'people' },
    { id: 'shared-by-me', label: say('place.shared-by-me'), icon: 'share' },
    { id: 'trash', label: say('place.trash'), icon: 'trash' },
    ...(tags.length === 0 ? [] : (['separator'] as const)),
    ...tags.map((tag) => ({ id: `tag:${tag}`, label: tag, icon: 'tag' as const })),
  ]
  return (
    <Menu label={say('places')} entries={entries} onAct={(id) => onGo(placeOfId(id))}>
      <IconButton icon="menu" label={say('places')} />
    </Menu>
  )
}

function SortMenu({ sort, look, isNarrow, onSort, onLook }: BarProps): ReactNode {
  const { say } = useSurroundings()
  const keys: readonly SortKey[] = ['name', 'modified', 'size', 'kind']
  const entries: MenuEntry[] = [
    ...keys.map((key) => ({ id: key, label: say(`column.${key}`), isChecked: sort.key === key })),
    ...(isNarrow
      ? ([
          'separator',
          { id: 'list', label: say('look.list'), icon: 'list', isChecked: look === 'list' },
          { id: 'grid', label: say('look.grid'), icon: 'grid', isChecked: look === 'grid' },
        ] as const)
      : []),
  ]
  return (
    <Menu
      label={say('sort')}
      entries={entries}
      placement="bottom end"
      onAct={(id) => (id === 'list' || id === 'grid' ? onLook(id) : onSort(id as SortKey))}
    >
      <IconButton icon="settings" label={say('sort')} />
    </Menu>
  )
}

function NewMenu({
  isHidden,
  isNarrow,
  onNewFolder,
  onGive,
}: BarProps & { readonly isHidden: boolean }): ReactNode {
  const { say } = useSurroundings()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  if (isHidden) return null
  const entries: MenuEntry[] = [
    { id: 'files', label: say('act.upload-files'), icon: 'upload' },
    { id: 'folder', label: say('act.upload-folder'), icon: 'folder' },
    'separator',
    { id: 'new', label: say('act.new-folder'), icon: 'plus', keys: 'Shift+N' },
  ]
  const act = (id: string): void => {
    if (id === 'new') onNewFolder()
    else (id === 'files' ? files : folder).current?.click()
  }
  return (
    <>
      <Menu label={say('act.new')} entries={entries} placement="bottom end" onAct={act}>
        {isNarrow ? (
          <IconButton icon="plus" look="accent" label={say('act.new')} />
        ) : (
          <Button look="accent" icon="plus">
            {say('act.new')}
          </Button>
        )}
      </Menu>
      <FileInput input={files} name="files" isMany label={say('act.upload-files')} onFiles={onGive} />
      <FileInput input={folder} name="folder" isFolder label={say('act.upload-folder')} onFiles={onGive} />
    </>
  )
}
