import type { AppSdk } from '@anarq/sdk/app'
import { useEffect, useMemo } from 'react'
import {
  type Answer,
  type Conflict,
  conflictsOf,
  foldersOf,
  type Known,
  settled,
} from '../logic/conflicts.ts'
import type { Entry } from '../logic/entry.ts'
import { join, nameOf, parentOf } from '../logic/paths.ts'
import { lostUploadOf, type NewUpload, type Queue, type UploadEvent } from '../logic/uploads.ts'
import type { Given } from './dropped.ts'
import { createKeeper, dropHandle, fileOf, handleOf, keepHandle, readLost } from './lost-uploads.ts'
import { createUploader, type Uploader } from './uploader.ts'

export type Coming = NewUpload & { readonly given: Given }
export type AskConflict = (
  conflicts: readonly Conflict<Coming>[],
) => Promise<((one: Conflict<Coming>) => Answer) | undefined>

/** A folder whose whole content is on the screen: it need not be asked for again. */
export type Shown = { readonly path: string; readonly entries: readonly Entry[] }

export type Uploads = {
  /** It changes several times a second while something is sent: who shows it follows it, and nobody else is drawn again. */
  queue(): Queue
  subscribe(listener: () => void): () => void
  tell(event: UploadEvent): void
  /** Files and folders to put into a folder; asks where names are taken. */
  add(given: readonly Given[], folder: string, ask: AskConflict, shown?: Shown): Promise<void>
  /** Whether the browser could give the file of a lost upload again by itself. */
  giveAgain(id: string): Promise<boolean>
}

/** Few names are asked for one by one; for more the folder is listed. */
const askedMax = 24
const listMax = 10_000

export function useUploads(sdk: AppSdk): Uploads {
  const uploader = useMemo(() => createUploader({ content: sdk.content, nowMs: Date.now }), [sdk])
  useEffect(() => {
    const unfollow = keepLost(uploader, sdk)
    return () => {
      unfollow()
      uploader.close()
    }
  }, [sdk, uploader])
  return useMemo(() => {
    const { queue, subscribe, tell } = uploader
    const add: Uploads['add'] = (...given) => addGiven(uploader, sdk.storage, ...given)
    return { queue, subscribe, tell, add, giveAgain: (id) => giveAgain(uploader, id) }
  }, [sdk, uploader])
}

/** Finds what an earlier page left open, and keeps what a later one needs to go on. */
function keepLost(uploader: Uploader, sdk: AppSdk): () => void {
  const keep = createKeeper(sdk.storage)
  const dropped = new Set<string>()
  let isRead = false
  const look = (): void => {
    const queue = uploader.queue()
    if (isRead) keep(queue)
    for (const { id, status, isLarge } of queue.uploads.values()) {
      if (!isLarge || dropped.has(id) || (status.at !== 'done' && status.at !== 'cancelled')) continue
      dropped.add(id)
      void dropHandle(id)
    }
  }
  const unfollow = uploader.subscribe(look)
  void readLost(sdk).then((uploads) => {
    isRead = true
    if (uploads.length > 0) uploader.tell({ what: 'found', uploads })
    else look()
  })
  return unfollow
}

async function addGiven(
  uploader: Uploader,
  storage: AppSdk['storage'],
  given: readonly Given[],
  folder: string,
  ask: AskConflict,
  shown?: Shown,
): Promise<void> {
  const fresh: Given[] = []
  for (const one of given) {
    const lost = one.file === undefined ? undefined : lostUploadOf(uploader.queue(), one.file)
    if (lost === undefined || one.file === undefined) fresh.push(one)
    else {
      uploader.give(lost.id, one.file)
      uploader.tell({ what: 'given', id: lost.id })
    }
  }
  const coming = fresh.map((one) => comingOf(one, folder))
  const known = await knownFolders(storage, coming, shown)
  const conflicts = conflictsOf(coming, known)
  const answerOf = conflicts.length === 0 ? () => 'version' as const : await ask(conflicts)
  if (answerOf === undefined) return
  const uploads = settled(coming, known, answerOf)
  for (const { id, given: one } of uploads) {
    if (one.file !== undefined) uploader.give(id, one.file)
    if (one.handle !== undefined && one.file !== undefined && one.file.size > 0)
      void keepHandle(id, one.handle)
  }
  uploader.tell({ what: 'add', uploads: uploads.map(({ given: _, ...upload }) => upload) })
}

async function giveAgain(uploader: Uploader, id: string): Promise<boolean> {
  const handle = await handleOf(id)
  const file = handle === undefined ? undefined : await fileOf(handle)
  const upload = uploader.queue().uploads.get(id)
  if (file === undefined || upload === undefined) return false
  if (file.size !== upload.bytes || file.lastModified !== upload.modifiedMs) return false
  uploader.give(id, file)
  uploader.tell({ what: 'given', id })
  return true
}

function comingOf(given: Given, folder: string): Coming {
  const { file, path } = given
  return {
    id: crypto.randomUUID(),
    path: join(folder, path.normalize('NFC')),
    bytes: file?.size ?? 0,
    modifiedMs: file?.lastModified ?? Date.now(),
    type: file?.type ?? '',
    isFolder: file === undefined,
    given,
  }
}

async function knownFolders(
  storage: AppSdk['storage'],
  coming: readonly Coming[],
  shown: Shown | undefined,
): Promise<Known> {
  const known = new Map<string, ReadonlyMap<string, 'file' | 'folder'>>()
  if (shown !== undefined) known.set(shown.path, new Map(shown.entries.map(({ name, kind }) => [name, kind])))
  const byFolder = Map.groupBy(coming, ({ path }) => parentOf(path))
  for (const folder of foldersOf(coming)) {
    if (known.has(folder)) continue
    const above = known.get(parentOf(folder))
    // What is not in its own folder is not there, and neither is anything in it.
    const isMissing = folder !== '/' && above !== undefined && above.get(nameOf(folder)) !== 'folder'
    if (!isMissing) known.set(folder, await namesIn(storage, folder, byFolder.get(folder) ?? []))
    else known.set(folder, new Map())
  }
  return known
}

async function namesIn(
  storage: AppSdk['storage'],
  folder: string,
  coming: readonly Coming[],
): Promise<ReadonlyMap<string, 'file' | 'folder'>> {
  const names = new Map<string, 'file' | 'folder'>()
  if (coming.length <= askedMax) {
    const found = await Promise.all(coming.map(({ path }) => storage.entry({ path }).catch(ignoreMissing)))
    for (const one of found) if (one !== undefined && !one.isTrashed) names.set(one.name, one.kind)
    return names
  }
  for (let offset = 0; ; offset += listMax) {
    const page = (await storage.list({ path: folder, limit: listMax, offset }).catch(ignoreMissing)) ?? []
    for (const one of page) names.set(one.name, one.kind)
    if (page.length < listMax - 1) return names
  }
}

export function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && String((error as { code?: unknown }).code).startsWith('missing.'))
    return undefined
  throw error
}
