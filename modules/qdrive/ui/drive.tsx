import { ContextMenu, type MenuEntry } from '@anarq/design'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useSurroundings } from './context.ts'
import { type Command, commandsFor, keysOf } from './logic/commands.ts'
import type { Entry } from './logic/entry.ts'
import { isPassing, wordsOf } from './logic/faults.ts'
import { nameOf } from './logic/paths.ts'
import { type Sort, sortBy, sorted } from './logic/sorting.ts'
import type { DriveSay } from './messages/messages.ts'
import { givenOf, givenOfFiles } from './model/dropped.ts'
import type { Said } from './model/use-actions.ts'
import { useDrop } from './model/use-drop.ts'
import { useEntries } from './model/use-entries.ts'
import { useSelection } from './model/use-selection.ts'
import { useTags } from './model/use-tags.ts'
import { useTrail } from './model/use-trail.ts'
import { useUploads } from './model/use-uploads.ts'
import { type Asking, Askings } from './parts/askings.tsx'
import { Bar, titleOf } from './parts/bar.tsx'
import { Details } from './parts/details.tsx'
import { DropVeil, Empty, Failed } from './parts/empty.tsx'
import { FileView, type Look } from './parts/file-view.tsx'
import { Places } from './parts/places.tsx'
import { PreviewPane } from './parts/preview.tsx'
import { SharedByMe, SharedWithMe } from './parts/shared.tsx'
import { Status } from './parts/status.tsx'
import { UploadsPanel } from './parts/uploads-panel.tsx'
import { useCommands } from './use-commands.ts'

export type DriveProps = {
  readonly turn: number
  readonly said: Said | undefined
  readonly onUnsay: () => void
}

const tabOf: Readonly<Partial<Record<Command, string>>> = { versions: 'versions', details: 'info' }

export function Drive({ turn, said, onUnsay }: DriveProps): ReactNode {
  const { sdk, events, say, locale, window: frame, actions } = useSurroundings()
  const trailing = useTrail(frame.argument)
  const { trail, search, goTo } = trailing
  const { here } = trail
  const { entries: raw, isLoading, failure, refresh } = useEntries(sdk, events, here)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn is the wish to read again.
  useEffect(refresh, [turn])
  const [sort, setSort] = useState<Sort>({ key: 'name', isDown: false })
  const [look, setLook] = useState<Look>('list')
  const entries = useMemo(() => sorted(raw, sort, locale), [raw, sort, locale])
  const { selection, chosen, ...selecting } = useSelection(entries, here)
  const tags = useTags(sdk, raw)
  const uploads = useUploads(sdk)
  const [asking, setAsking] = useState<Asking>()
  const [previewed, setPreviewed] = useState<string>()
  const [detailsTab, setDetailsTab] = useState<string>()
  const searchField = useRef<HTMLDivElement>(null)
  const folder = here.at === 'folder' ? here.path : undefined
  const shownFolder =
    folder === undefined || isLoading || failure !== undefined ? undefined : { path: folder, entries: raw }
  const title = titleOf(here, say)
  useEffect(() => frame.setTitle(title), [frame.setTitle, title])

  const ask = (conflicts: Parameters<Parameters<typeof uploads.add>[2]>[0]) =>
    new Promise<Awaited<ReturnType<Parameters<typeof uploads.add>[2]>>>((resolve) =>
      setAsking({ what: 'conflicts', conflicts, resolve }),
    )
  const give = (given: ReturnType<typeof givenOf>, to: string): void =>
    void actions.attempt(async () => void (await uploads.add(await given, to, ask, shownFolder)))
  const drop = useDrop({
    folder,
    onGive: (transfer, to) => give(givenOf(transfer), to),
    onMove: (some, to, isCopy) => void (isCopy ? actions.copy(some, to) : actions.move(some, to)),
  })
  const run = useCommands({
    chosen,
    entries,
    folder: folder ?? '/',
    place: here,
    onAsk: setAsking,
    onGo: goTo,
    onPreview: setPreviewed,
    onDetails: (command) =>
      setDetailsTab((now) => (command === 'details' && now !== undefined ? undefined : tabOf[command])),
    onSelectAll: selecting.all,
    onRefresh: refresh,
  })
  const onKey = selecting.keys({
    run,
    trailing,
    onSearch: () => searchField.current?.querySelector('input')?.focus(),
  })
  const commands = commandsFor(here, chosen)
  const menu = menuOf(commands, say)
  const preview = entries.find(({ id }) => id === previewed)
  const isNarrow = frame.isNarrow
  const words = failure === undefined ? undefined : wordsOf(failure)
  const isBlocked = words !== undefined && (entries.length === 0 || !isPassing(words.code))

  return (
    <div className="qd" data-narrow={isNarrow}>
      {!isNarrow && <Places here={here} tags={tags} onGo={goTo} />}
      <div className="qd-main">
        <Bar
          trail={trail}
          look={look}
          sort={sort}
          search={search}
          isNarrow={isNarrow}
          showsDetails={detailsTab !== undefined}
          tags={tags}
          searchField={searchField}
          onBack={trailing.goBack}
          onForward={trailing.goForward}
          onGo={goTo}
          onLook={setLook}
          onSort={(key) => setSort(sortBy(sort, key))}
          onSearch={trailing.setSearch}
          onNewFolder={() => run('new-folder')}
          onGive={(files) => give(Promise.resolve(givenOfFiles([...files])), folder ?? '/')}
          onDetails={() => run('details')}
          isDroppable={drop.isDroppable}
          onDropOn={drop.drop}
        />
        <div className="qd-middle">
          <div className="qd-pane" {...drop.pane}>
            {words !== undefined && !isBlocked && <Failed words={words} isSmall onRetry={refresh} />}
            {body()}
            {drop.isFromOutside && drop.over === undefined && folder !== undefined && (
              <DropVeil name={folder === '/' ? say('place.drive') : nameOf(folder)} />
            )}
            <UploadsPanel uploads={uploads} />
          </div>
          {detailsTab !== undefined && (
            <Details
              chosen={chosen}
              tab={detailsTab}
              onTab={setDetailsTab}
              onShare={(entry) => setAsking({ what: 'share', entry })}
              onTags={() => run('tag')}
              onClose={() => setDetailsTab(undefined)}
            />
          )}
        </div>
        {here.at !== 'shared-by-me' && here.at !== 'shared-with-me' && (
          <Status
            entries={entries}
            chosen={chosen}
            isLoading={isLoading}
            said={said}
            commands={commands}
            onRun={run}
            onUnsay={onUnsay}
          />
        )}
      </div>
      {preview !== undefined && (
        <PreviewPane
          entry={preview}
          onClose={() => setPreviewed(undefined)}
          onStep={(by) => step(preview, by)}
          onShare={() => setAsking({ what: 'share', entry: preview })}
        />
      )}
      <Askings
        asking={asking}
        tags={tags}
        entries={entries}
        folder={folder ?? '/'}
        onClose={() => setAsking(undefined)}
      />
    </div>
  )

  function step(from: Entry, by: 1 | -1): void {
    const files = entries.filter(({ kind }) => kind === 'file')
    const next = files[(files.findIndex(({ id }) => id === from.id) + by + files.length) % files.length]
    if (next === undefined) return
    setPreviewed(next.id)
    selecting.only(next.id)
  }

  function body(): ReactNode {
    if (here.at === 'shared-by-me')
      return (
        <SharedByMe
          onShow={(path) => goTo({ at: 'folder', path: path.slice(0, path.lastIndexOf('/')) || '/' })}
        />
      )
    if (here.at === 'shared-with-me') return <SharedWithMe />
    if (words !== undefined && isBlocked) return <Failed words={words} onRetry={refresh} />
    if (!isLoading && entries.length === 0)
      return (
        <ContextMenu
          className="qd-menu"
          label={say('place.drive')}
          entries={menu}
          onAct={(id) => run(id as Command)}
        >
          <Empty
            place={here}
            onNewFolder={() => run('new-folder')}
            onGive={(files) => give(Promise.resolve(givenOfFiles([...files])), folder ?? '/')}
          />
        </ContextMenu>
      )
    return (
      <ContextMenu className="qd-menu" label={title} entries={menu} onAct={(id) => run(id as Command)}>
        <FileView
          label={title}
          look={look}
          entries={entries}
          isLoading={isLoading}
          selection={selection}
          sort={sort}
          isNarrow={isNarrow}
          showsPath={here.at !== 'folder'}
          canDrag={here.at !== 'trash'}
          dropFolder={drop.over}
          onSelect={selecting.set}
          onPress={selecting.press}
          onMenu={selecting.menu}
          onOpen={(entry) => {
            selecting.only(entry.id)
            run('open', [entry])
          }}
          onSort={(key) => setSort(sortBy(sort, key))}
          onKey={onKey}
          onDragBegin={(entry, transfer) =>
            drop.begin(selection.chosen.has(entry.id) ? chosen : [entry], transfer)
          }
          onDragOverFolder={drop.setOver}
          onDropOn={drop.drop}
          isDroppable={drop.isDroppable}
        />
      </ContextMenu>
    )
  }
}

/** The commands as a menu shows them, with their keys. */
function menuOf(commands: ReturnType<typeof commandsFor>, say: DriveSay): readonly MenuEntry[] {
  return commands.map((command) => {
    if (command === 'separator') return command
    const keys = keysOf[command]
    const isDanger = command === 'trash' || command === 'erase' || command === 'empty-trash'
    return {
      id: command,
      label: say(`act.${command}`),
      ...(isDanger ? { tone: 'danger' as const } : {}),
      ...(keys === undefined ? {} : { keys }),
    }
  })
}
