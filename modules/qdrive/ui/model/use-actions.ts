import type { Locale } from '@anarq/design'
import type { AppSdk } from '@anarq/sdk/app'
import { useMemo } from 'react'
import type { Entry, Grant } from '../logic/entry.ts'
import { formatSize } from '../logic/format.ts'
import { freeName } from '../logic/names.ts'
import { join, nameOf, parentOf } from '../logic/paths.ts'
import type { DriveSay } from '../messages/messages.ts'
import { type Downloaded, download, downloadShared, type Save, type Shared } from './download.ts'
import { Cancelled, type Jobs } from './jobs.ts'
import { type AskLock, createUnlocking, type Lockable } from './locks.ts'
import { ignoreMissing } from './use-uploads.ts'

export type Said = { readonly text: string; readonly tone: 'plain' | 'danger'; readonly undo?: () => void }

export type Actions = {
  /** Does it, says what was done, and says what went wrong. `false` where it went wrong. */
  attempt(act: () => Promise<Said | undefined>): Promise<boolean>
  makeFolder(folder: string, name: string): Promise<boolean>
  rename(entry: Entry, name: string): Promise<boolean>
  move(entries: readonly Entry[], folder: string): Promise<boolean>
  copy(entries: readonly Entry[], folder: string): Promise<boolean>
  trash(entries: readonly Entry[]): Promise<boolean>
  restore(entries: readonly Entry[]): Promise<boolean>
  erase(entries: readonly Entry[]): Promise<boolean>
  tag(
    entries: readonly Entry[],
    change: { add?: readonly string[]; remove?: readonly string[] },
  ): Promise<boolean>
  /** Files as they are, folders as archives. */
  download(entries: readonly (Downloaded & Lockable)[]): Promise<boolean>
  /** What somebody shared: a file as it is, a folder as an archive. */
  downloadShared(shared: Shared & Lockable): Promise<boolean>
  /** Seals what was shared anew, so that keys which somebody kept open nothing any more. */
  revokeHard(grant: Grant, who: string): Promise<boolean>
}

type Needs = {
  readonly sdk: AppSdk
  readonly say: DriveSay
  readonly onSaid: (said: Said) => void
  readonly refresh: () => void
  readonly faultText: (error: unknown) => string
  readonly job: Jobs['run']
  readonly locale: Locale
  readonly save: Save
  readonly askLock: AskLock
}

const refOf = ({ id }: Entry): string => `id:${id}`

export function useActions(needs: Needs): Actions {
  const { sdk, say, onSaid, refresh, faultText, job, locale, save, askLock } = needs
  return useMemo(
    () => createActions({ sdk, say, onSaid, refresh, faultText, job, locale, save, askLock }),
    [sdk, say, onSaid, refresh, faultText, job, locale, save, askLock],
  )
}

function createActions({ sdk, say, onSaid, refresh, faultText, job, locale, save, askLock }: Needs): Actions {
  const { storage, content } = sdk
  const plain = (text: string, undo?: () => void): Said => ({
    text,
    tone: 'plain',
    ...(undo === undefined ? {} : { undo }),
  })
  const attempt: Actions['attempt'] = async (act) => {
    try {
      const said = await act()
      if (said !== undefined) onSaid(said)
      return true
    } catch (error) {
      if (error instanceof Cancelled) onSaid(plain(say('said.cancelled')))
      else onSaid({ text: faultText(error), tone: 'danger' })
      return false
    } finally {
      refresh()
    }
  }
  const undoing = (act: () => Promise<unknown>) => () =>
    void attempt(async () => {
      await act()
      return plain(say('said.undone'))
    })

  return {
    attempt,
    makeFolder: (folder, name) =>
      attempt(async () => {
        await storage.makeFolder({ path: join(folder, name.trim()) })
        return plain(say('said.folder', { name: name.trim() }))
      }),
    rename: (entry, name) =>
      attempt(async () => {
        const to = join(parentOf(entry.path), name.trim())
        await storage.move({ path: refOf(entry), to })
        return plain(
          say('said.renamed', { name: name.trim() }),
          undoing(() => storage.move({ path: refOf(entry), to: entry.path })),
        )
      }),
    move: (entries, folder) =>
      attempt(async () => {
        for (const entry of entries)
          await storage.move({ path: refOf(entry), to: await freePath(storage, folder, entry.name) })
        const back = async (): Promise<void> => {
          for (const entry of entries) await storage.move({ path: refOf(entry), to: entry.path })
        }
        const where = folder === '/' ? say('place.drive') : nameOf(folder)
        return plain(many(say, 'said.moved', entries, { where }), undoing(back))
      }),
    copy: (entries, folder) =>
      attempt(async () => {
        for (const entry of entries)
          await storage.copy({ path: refOf(entry), to: await freePath(storage, folder, entry.name) })
        return plain(
          many(say, 'said.copied', entries, { where: folder === '/' ? say('place.drive') : nameOf(folder) }),
        )
      }),
    trash: (entries) =>
      attempt(async () => {
        for (const entry of entries) await storage.remove({ path: refOf(entry) })
        const back = async (): Promise<void> => {
          for (const entry of entries) await storage.restore({ path: refOf(entry) })
        }
        return plain(many(say, 'said.trashed', entries), undoing(back))
      }),
    restore: (entries) =>
      attempt(async () => {
        for (const entry of entries) await storage.restore({ path: refOf(entry) })
        return plain(many(say, 'said.restored', entries))
      }),
    erase: (entries) =>
      attempt(async () => {
        for (const entry of entries) await storage.remove({ path: refOf(entry), isForever: true })
        return plain(many(say, 'said.erased', entries))
      }),
    tag: (entries, change) =>
      attempt(async () => {
        for (const entry of entries) await storage.tag({ path: refOf(entry), ...change })
        return undefined
      }),
    ...createLongActions({ content, say, job, locale, save, askLock }, attempt),
  }
}

type LongNeeds = Pick<Needs, 'say' | 'job' | 'locale' | 'save' | 'askLock'> & {
  readonly content: AppSdk['content']
}

/** What takes its time: shown with how far it is, and stopped by the person. */
function createLongActions(
  { content, say, job, locale, save, askLock }: LongNeeds,
  attempt: Actions['attempt'],
): Pick<Actions, 'download' | 'downloadShared' | 'revokeHard'> {
  return {
    download: (entries) =>
      attempt(async () => {
        const unlocking = createUnlocking(askLock)
        for (const entry of entries)
          await unlocking(entry, (lock) =>
            job(say('job.download', { name: entry.name }), (tools) =>
              download(content, entry, { ...tools, save, lock }),
            ),
          )
        return undefined
      }),
    downloadShared: (shared) =>
      attempt(async () => {
        await createUnlocking(askLock)(shared, (lock) =>
          job(say('job.download', { name: shared.name }), (tools) =>
            downloadShared(content, shared, { ...tools, save, lock }),
          ),
        )
        return undefined
      }),
    revokeHard: (grant, who) =>
      attempt(async () => {
        const { files, skipped } = await job(say('job.reseal', { name: grant.name }), ({ signal, onText }) =>
          content.reseal({
            grant: grant.id,
            signal,
            onProgress: ({ bytes }) => onText(formatSize(bytes, locale)),
          }),
        )
        const [left] = skipped
        if (left !== undefined) return { text: left.sentence, tone: 'danger' }
        return { text: say('said.resealed', { who, count: files }), tone: 'plain' }
      }),
  }
}

function many(
  say: DriveSay,
  key: 'said.moved' | 'said.copied' | 'said.trashed' | 'said.restored' | 'said.erased',
  entries: readonly Entry[],
  values: Record<string, string> = {},
): string {
  const [first] = entries
  if (entries.length === 1 && first !== undefined) return say(`${key}.one`, { ...values, name: first.name })
  return say(`${key}.many`, { ...values, count: entries.length })
}

/** Both are kept where the name is taken. */
async function freePath(storage: AppSdk['storage'], folder: string, name: string): Promise<string> {
  const taken = new Set<string>()
  for (;;) {
    const path = join(folder, freeName(name, taken))
    const there = await storage.entry({ path }).catch(ignoreMissing)
    if (there === undefined || there.isTrashed) return path
    taken.add(nameOf(path))
  }
}
