/**
 * What is needed to go on after a reload. Which uploads are open is kept in the app's own storage, sealed like everything
 * else; the browser keeps only its own handles to the files, under ids that say nothing.
 */
import type { AppSdk } from '@anarq/sdk/app'
import type { LostUpload, Queue } from '../logic/uploads.ts'

const path = 'app:/uploads.json'
const recordsMax = 100

type Record = Omit<LostUpload, 'sent' | 'isFolder'>

export async function readLost({
  storage,
  content,
}: Pick<AppSdk, 'storage' | 'content'>): Promise<readonly LostUpload[]> {
  const records = await read(storage)
  const found: LostUpload[] = []
  for (const record of records) {
    const state = await content.uploadState({ id: record.remote }).catch(() => undefined)
    // What another window sends at this moment is not lost.
    if (state?.state === 'done' || state?.isComing === true) continue
    found.push({ ...record, isFolder: false, sent: state?.state === 'open' ? state.offset : 0 })
  }
  return found
}

async function read(storage: AppSdk['storage']): Promise<readonly Record[]> {
  try {
    const own = await storage.list({ path: 'app:/' })
    if (!own.some((entry) => entry.path === path)) return []
    const { bytes } = await storage.read({ path })
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return Array.isArray(parsed) ? parsed.filter(isRecord).slice(0, recordsMax) : []
  } catch {
    // Nothing was kept, or what was kept is none of ours.
    return []
  }
}

function isRecord(value: unknown): value is Record {
  if (typeof value !== 'object' || value === null) return false
  const { id, path: where, remote, type, bytes, modifiedMs } = value as { [Name in keyof Record]?: unknown }
  const isNamed = [id, where, remote, type].every((one) => typeof one === 'string')
  return isNamed && Number.isSafeInteger(bytes) && Number.isSafeInteger(modifiedMs)
}

/**
 * Writes when the set of open large uploads is another one than before, one write at a time. What other windows wrote stays: ours
 * are those that were ever in this queue.
 */
export function createKeeper(storage: AppSdk['storage']): (queue: Queue) => void {
  const ours = new Set<string>()
  let written = ''
  let wanted: string | undefined
  let isWriting = false
  const write = async (): Promise<void> => {
    if (isWriting) return
    isWriting = true
    while (wanted !== undefined && wanted !== written) {
      const text = wanted
      try {
        const others = (await read(storage)).filter(({ id }) => !ours.has(id))
        const records = [...(JSON.parse(text) as Record[]), ...others].slice(0, recordsMax)
        const bytes = new TextEncoder().encode(JSON.stringify(records))
        if (records.length === 0) await storage.remove({ path, isForever: true })
        else await storage.write({ path, bytes, type: 'application/json' })
      } catch {
        // Going on after a reload is a comfort: the upload itself does not depend on it.
      }
      written = text
    }
    isWriting = false
  }
  return (queue) => {
    const records: Record[] = []
    for (const { id, path: where, bytes, modifiedMs, type, remote, status } of queue.uploads.values()) {
      ours.add(id)
      if (remote !== undefined && status.at !== 'done' && status.at !== 'cancelled')
        records.push({ id, path: where, bytes, modifiedMs, type, remote })
    }
    const text = JSON.stringify(records.slice(0, recordsMax))
    if (text === written || (written === '' && text === '[]')) return
    wanted = text
    void write()
  }
}

const database = 'org.anarq.drive'
const store = 'handles'

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(store)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function within<T>(
  mode: IDBTransactionMode,
  act: (handles: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  try {
    const db = await open()
    return await new Promise<T>((resolve, reject) => {
      const request = act(db.transaction(store, mode).objectStore(store))
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    }).finally(() => db.close())
  } catch {
    // No storage in this browser, or in this frame: the file has to be dropped again.
    return undefined
  }
}

export async function keepHandle(id: string, handle: FileSystemFileHandle): Promise<void> {
  await within('readwrite', (handles) => handles.put(handle, id))
}

export async function handleOf(id: string): Promise<FileSystemFileHandle | undefined> {
  return within('readonly', (handles) => handles.get(id) as IDBRequest<FileSystemFileHandle>)
}

export async function dropHandle(id: string): Promise<void> {
  await within('readwrite', (handles) => handles.delete(id))
}

type Askable = FileSystemFileHandle & {
  requestPermission?: (how: { mode: 'read' }) => Promise<PermissionState>
}

/** The file again, where the person lets the browser; only while a press is being handled. */
export async function fileOf(handle: FileSystemFileHandle): Promise<File | undefined> {
  const answer = await (handle as Askable).requestPermission?.({ mode: 'read' })
  if (answer !== undefined && answer !== 'granted') return undefined
  return handle.getFile().catch(() => undefined)
}
