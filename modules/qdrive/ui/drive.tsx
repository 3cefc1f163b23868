import { ContextMenu } from '@anarq/design'
import type { ReactNode } from 'react'
import type { Command } from './logic/commands.ts'
import { nameOf, parentOf } from './logic/paths.ts'
import { sortBy } from './logic/sorting.ts'
import { givenOfFiles } from './model/dropped.ts'
import type { Job } from './model/jobs.ts'
import type { Said } from './model/use-actions.ts'
import { Askings } from './parts/askings.tsx'
import { Bar } from './parts/bar.tsx'
import { Details } from './parts/details.tsx'
import { DropVeil, Empty, Failed } from './parts/empty.tsx'
import { FileView } from './parts/file-view.tsx'
import { Places } from './parts/places.tsx'
import { PreviewPane } from './parts/preview.tsx'
import { SharedByMe, SharedWithMe } from './parts/shared.tsx'
import { Status } from './parts/status.tsx'
import { UploadsPanel } from './parts/uploads-panel.tsx'
import { type DriveModel, useDriveModel } from './use-drive-model.ts'

export type DriveProps = {
  readonly turn: number
  readonly said: Said | undefined
  readonly jobs: readonly Job[]
  readonly onUnsay: () => void
}

export function Drive({ turn, said, jobs, onUnsay }: DriveProps): ReactNode {
  const model = useDriveModel(turn)
  const {
    goTo,
    here,
    isLoading,
    refresh,
    entries,
    chosen,
    tags,
    uploads,
    asking,
    setAsking,
    setPreviewed,
    detailsTab,
    setDetailsTab,
    folder,
    drop,
    run,
    commands,
    preview,
    isNarrow,
    words,
    isBlocked,
    step,
    say,
  } = model
  return (
    <div className="qd" data-narrow={isNarrow}>
      {!isNarrow && <Places here={here} tags={tags} onGo={goTo} />}
      <div className="qd-main">
        <Top model={model} />
        <div className="qd-middle">
          <div className="qd-pane" {...drop.pane}>
            {words !== undefined && !isBlocked && <Failed words={words} isSmall onRetry={refresh} />}
            <Content model={model} />
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
        <Status
          entries={entries}
          chosen={chosen}
          isLoading={isLoading}
          said={said}
          jobs={jobs}
          commands={commands}
          onRun={run}
          onUnsay={onUnsay}
        />
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
}

/** Where one is, how it is shown, and what can be added. */
function Top({ model }: { readonly model: DriveModel }): ReactNode {
  const {
    trailing,
    trail,
    search,
    goTo,
    sort,
    setSort,
    look,
    setLook,
    tags,
    detailsTab,
    searchField,
    folder,
    give,
    drop,
    run,
    isNarrow,
  } = model
  return (
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
      onGive={(files) => give(Promise.resolve(givenOfFiles(files)), folder ?? '/')}
      onDetails={() => run('details')}
      isDroppable={drop.isDroppable}
      onDropOn={drop.drop}
    />
  )
}

/** What lies at this place, or why there is nothing to see. */
function Content({ model }: { readonly model: DriveModel }): ReactNode {
  const {
    goTo,
    here,
    isLoading,
    refresh,
    sort,
    setSort,
    look,
    entries,
    selection,
    chosen,
    selecting,
    folder,
    title,
    give,
    drop,
    run,
    onKey,
    menu,
    isNarrow,
    words,
    isBlocked,
    say,
  } = model
  if (here.at === 'shared-by-me')
    return <SharedByMe onShow={(path) => goTo({ at: 'folder', path: parentOf(path) })} />
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
          onGive={(files) => give(Promise.resolve(givenOfFiles(files)), folder ?? '/')}
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
