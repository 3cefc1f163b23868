import type { MenuEntry } from '@anarq/design'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useSurroundings } from './context.ts'
import { type Command, commandsFor, keysOf } from './logic/commands.ts'
import type { Entry } from './logic/entry.ts'
import { isPassing, wordsOf } from './logic/faults.ts'
import { fileOfArgument } from './logic/place.ts'
import { type Sort, sorted } from './logic/sorting.ts'
import type { DriveSay } from './messages/messages.ts'
import { givenOf } from './model/dropped.ts'
import { useDrop } from './model/use-drop.ts'
import { useEntries } from './model/use-entries.ts'
import { useSelection } from './model/use-selection.ts'
import { useTags } from './model/use-tags.ts'
import { useTrail } from './model/use-trail.ts'
import { type Shown, type Uploads, useUploads } from './model/use-uploads.ts'
import type { Asking } from './parts/askings.tsx'
import { titleOf } from './parts/bar.tsx'
import type { Look } from './parts/file-view.tsx'
import { useCommands } from './use-commands.ts'

const tabOf: Readonly<Partial<Record<Command, string>>> = { versions: 'versions', details: 'info' }

export type DriveModel = ReturnType<typeof useDriveModel>

/** What the screen shows, and what it can be told. */
export function useDriveModel(turn: number) {
  const { say, sdk, window: frame } = useSurroundings()
  const listing = useListing(turn)
  const { here, goTo, raw, entries, chosen, selecting, isLoading, failure, refresh } = listing
  const uploads = useUploads(sdk)
  const [asking, setAsking] = useState<Asking>()
  const { preview, setPreviewed, step } = usePreview(entries, selecting.only, frame.argument)
  const [detailsTab, setDetailsTab] = useState<string>()
  const searchField = useRef<HTMLDivElement>(null)
  const folder = here.at === 'folder' ? here.path : undefined
  const isKnown = folder !== undefined && !isLoading && failure === undefined
  const title = titleOf(here, say)
  useEffect(() => frame.setTitle(title), [frame.setTitle, title])

  const shown = isKnown ? { path: folder, entries: raw } : undefined
  const { give, drop } = useGiving({ uploads, folder, shown, onAsk: setAsking })
  const run = useCommands({
    chosen,
    entries,
    folder: folder ?? '/',
    place: here,
    onAsk: setAsking,
    onGo: goTo,
    onPreview: setPreviewed,
    onDetails: (command) => setDetailsTab((now) => tabAfter(command, now)),
    onSelectAll: selecting.all,
    onRefresh: refresh,
  })
  const onSearch = (): void => searchField.current?.querySelector('input')?.focus()
  const onKey = selecting.keys({ run, trailing: listing.trailing, onSearch })
  const commands = commandsFor(here, chosen)
  return {
    ...listing,
    ...failureOf(failure, entries),
    uploads,
    asking,
    setAsking,
    preview,
    setPreviewed,
    step,
    detailsTab,
    setDetailsTab,
    searchField,
    folder,
    title,
    give,
    drop,
    run,
    onKey,
    commands,
    menu: menuOf(commands, say),
    isNarrow: frame.isNarrow,
    say,
  }
}

/** The place where one is, what lies there, in which order and look, and what of it is chosen. */
function useListing(turn: number) {
  const { sdk, events, locale, window: frame } = useSurroundings()
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
  return {
    trailing,
    trail,
    search,
    goTo,
    here,
    raw,
    isLoading,
    failure,
    refresh,
    sort,
    setSort,
    look,
    setLook,
    entries,
    selection,
    chosen,
    selecting,
    tags,
  }
}

/** Asked for again, the details go away; asked for their versions, they stay. */
function tabAfter(command: Command, now: string | undefined): string | undefined {
  return command === 'details' && now !== undefined ? undefined : tabOf[command]
}

/** What is shown stays while a node is away for a moment; where there is nothing to show, or no way to it, that is said alone. */
function failureOf(failure: unknown, entries: readonly Entry[]) {
  const words = failure === undefined ? undefined : wordsOf(failure)
  return { words, isBlocked: words !== undefined && (entries.length === 0 || !isPassing(words.code)) }
}

/** The file that is looked at, and the way to the next one. */
function usePreview(entries: readonly Entry[], choose: (id: string) => void, argument: string | undefined) {
  const [previewed, setPreviewed] = useState<string>()
  useOpenedFile(entries, argument, (id) => {
    choose(id)
    setPreviewed(id)
  })
  const preview = entries.find(({ id }) => id === previewed)
  const step = (from: Entry, by: 1 | -1): void => {
    const files = entries.filter(({ kind }) => kind === 'file')
    const next = files[(files.findIndex(({ id }) => id === from.id) + by + files.length) % files.length]
    if (next === undefined) return
    setPreviewed(next.id)
    choose(next.id)
  }
  return { preview, setPreviewed, step }
}

/** The file that the window was opened for is shown once, when it is there; what the person does then holds. */
function useOpenedFile(
  entries: readonly Entry[],
  argument: string | undefined,
  show: (id: string) => void,
): void {
  const shown = useRef<string>(undefined)
  const latest = useRef(show)
  latest.current = show
  useEffect(() => {
    const path = fileOfArgument(argument)
    if (path === undefined || shown.current === argument) return
    const file = entries.find((entry) => entry.kind === 'file' && entry.path === path)
    if (file === undefined) return
    shown.current = argument
    latest.current(file.id)
  }, [entries, argument])
}

type GivingNeeds = {
  readonly uploads: Uploads
  readonly folder: string | undefined
  readonly shown: Shown | undefined
  readonly onAsk: (asking: Asking) => void
}

/** What comes in, by drop or by button, and what is moved about. */
function useGiving({ uploads, folder, shown, onAsk }: GivingNeeds) {
  const { actions } = useSurroundings()
  const ask = (conflicts: Parameters<Parameters<typeof uploads.add>[2]>[0]) =>
    new Promise<Awaited<ReturnType<Parameters<typeof uploads.add>[2]>>>((resolve) =>
      onAsk({ what: 'conflicts', conflicts, resolve }),
    )
  const give = (given: ReturnType<typeof givenOf>, to: string): void =>
    void actions.attempt(async () => void (await uploads.add(await given, to, ask, shown)))
  const drop = useDrop({
    folder,
    onGive: (transfer, to) => give(givenOf(transfer), to),
    onMove: (some, to, isCopy) => void (isCopy ? actions.copy(some, to) : actions.move(some, to)),
  })
  return { give, drop }
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
