import type { AppSdk } from '@anarq/sdk/app'
import { useMemo } from 'react'
import type { Entry } from '../logic/entry.ts'
import { freeName } from '../logic/names.ts'
import { join, nameOf, parentOf } from '../logic/paths.ts'
import type { DriveSay } from '../messages/messages.ts'
import { download } from './download.ts'
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
  download(entries: readonly Entry[]): Promise<boolean>
}

type Needs = {
  readonly sdk: AppSdk
  readonly say: DriveSay
  readonly onSaid: (said: Said) => void
  readonly refresh: () => void
  readonly faultText: (error: unknown) => string
}

const refOf = ({ id }: Entry): string => `id:${id}`

export function useActions(needs: Needs): Actions {
  const { sdk, say, onSaid, refresh, faultText } = needs
  return useMemo(
    () => createActions({ sdk, say, onSaid, refresh, faultText }),
    [sdk, say, onSaid, refresh, faultText],
  )
}

function createActions({ sdk, say, onSaid, refresh, faultText }: Needs): Actions {
  const { storage, content } = sdk
  const attempt: Actions['attempt'] = async (act) => {
    try {
      const said = await act()
      if (said !== undefined) onSaid(said)
      return true
    } catch (error) {
      onSaid({ text: faultText(error), tone: 'danger' })
      return false
    } finally {
      refresh()
    }
  }
  const plain = (text: string, undo?: () => void): Said => ({
    text,
    tone: 'plain',
    ...(undo === undefined ? {} : { undo }),
  })
  const undoing = (act: () => Promise<unknown>) => () =>
    void attempt(async () => {
      await act()
      return plain(say('said.undone'))
    })
  const nameIn = (entries: readonly Entry[]): string => entries[0]?.name ?? ''

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
    download: (entries) =>
      attempt(async () => {
        const files = entries.filter(({ kind }) => kind === 'file')
        for (const file of files) await download(content, file)
        if (files.length < entries.length)
          return plain(
            say('said.folders-not-downloaded', {
              name: nameIn(entries.filter(({ kind }) => kind === 'folder')),
            }),
          )
        return undefined
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
