import { randomUUID } from 'node:crypto'
import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import type { BackupReport, DriveOperations, EntryFacts, HealthOperations } from '@anarq/kernel'
import { type Channel, createChannel } from './channel.ts'

export type NewUpload = {
  /** Folder and name in the drive. */
  readonly folder: string
  readonly name: string
  readonly bytes: number
  readonly modifiedMs: number
  readonly type?: string | undefined
  readonly tags?: readonly string[] | undefined
}

export type UploadFacts = {
  readonly id: string
  readonly path: string
  readonly bytes: number
  /** So many bytes came; the next part begins here. */
  readonly offset: number
  readonly state: 'open' | 'done' | 'failed'
  readonly entry?: EntryFacts
  readonly isUnchanged?: boolean
  /** Of a backup that was checked: what is in it. */
  readonly backup?: BackupReport
  /** Why it failed. */
  readonly sentence?: string
}

/**
 * Files that come in parts: a page that was reloaded, or lost its node for a moment, goes on where it was. The flow in runs
 * while the parts come; nothing is visible before the last one.
 */
export type Uploads = {
  begin(upload: NewUpload): UploadFacts
  /** A backup that comes in parts to be checked: nothing of it is kept. */
  beginCheck(bytes: number): UploadFacts
  list(): readonly UploadFacts[]
  facts(id: string): UploadFacts
  /** Resolves when the part is sealed or on its way there, and with the entry after the last; `conflict.offset` says where it should begin. */
  add(id: string, offset: number, part: Uint8Array): Promise<UploadFacts>
  cancel(id: string): Promise<void>
  close(): Promise<void>
}

export const partBytesMax: number = 16 * 1024 * 1024
const uploadsMax = 64
const idleMs = 15 * 60_000
/** So long the outcome can be asked for. */
const keptMs = 10 * 60_000

/** What becomes of it. */
type Ended = Pick<UploadFacts, 'state' | 'entry' | 'isUnchanged' | 'backup' | 'sentence'>
type Taker = (pieces: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<Ended>

type Upload = Pick<UploadFacts, 'id' | 'path' | 'bytes'> & {
  readonly parts: Channel
  readonly stop: AbortController
  readonly outcome: Promise<Ended>
  offset: number
  isAdding: boolean
  touchedMs: number
  ended: Ended | undefined
  fault: Fault | undefined
}

export type UploadsOptions = {
  drive: DriveOperations
  health: Pick<HealthOperations, 'checkBackup'>
  clock: Clock
}

export function createUploads({ drive, health, clock }: UploadsOptions): Uploads {
  const all = new Map<string, Upload>()

  const dropOld = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, one] of all) {
      const quietMs = nowMs - one.touchedMs
      if (one.ended !== undefined && quietMs > keptMs) all.delete(id)
      else if (one.ended === undefined && !one.isAdding && quietMs > idleMs) one.stop.abort(tooSlow())
    }
  }
  const timer = setInterval(dropOld, 30_000)
  timer.unref()
  const need = (id: string): Upload => {
    const one = all.get(id)
    if (one !== undefined) return one
    throw new Fault('missing.upload', 'This upload is not known any more. Begin it again.')
  }

  const begin = (about: Pick<Upload, 'path' | 'bytes'>, take: Taker): UploadFacts => {
    dropOld()
    const open = [...all.values()].filter(({ ended }) => ended === undefined)
    if (open.length >= uploadsMax)
      throw new Fault('limit.uploads', `At most ${uploadsMax} uploads are open at once. Finish some first.`)
    const one = start(about, take, clock.nowMs())
    all.set(one.id, one)
    return factsOf(one)
  }

  return {
    begin: (upload) => begin({ path: pathOf(upload), bytes: upload.bytes }, intoDrive(drive, upload)),
    beginCheck: (bytes) =>
      begin({ path: '', bytes }, async (pieces, signal) => ({
        state: 'done',
        backup: await health.checkBackup(pieces, signal),
      })),
    list: () => [...all.values()].map(factsOf),
    facts: (id) => factsOf(need(id)),
    async add(id, offset, part) {
      const one = need(id)
      checkPart(one, offset, part)
      one.isAdding = true
      try {
        await Promise.race([one.parts.push(part), one.outcome])
        one.offset += part.length
        if (one.offset === one.bytes) {
          one.parts.end()
          one.ended ??= await one.outcome
        }
        return factsOf(one)
      } finally {
        one.isAdding = false
        one.touchedMs = clock.nowMs()
      }
    },
    async cancel(id) {
      const one = need(id)
      one.stop.abort(new Fault('cancelled.upload', 'This upload was cancelled.'))
      await one.outcome.catch(() => {})
      all.delete(id)
    },
    async close() {
      clearInterval(timer)
      for (const one of all.values()) one.stop.abort(new Fault('cancelled.closed', 'The node is stopping.'))
      await Promise.allSettled([...all.values()].map(({ outcome }) => outcome))
    },
  }
}

function intoDrive(drive: DriveOperations, upload: NewUpload): Taker {
  const { folder, name, bytes, modifiedMs, type, tags } = upload
  return async (pieces, signal) => {
    const file = {
      kind: 'file' as const,
      path: name,
      bytes,
      modifiedMs,
      content: streamContent(pieces),
      ...(type === undefined || type === '' ? {} : { type }),
    }
    const report = await drive.put(once([file]), { to: folder, tags, isThorough: true, signal })
    const [skipped] = report.skipped
    if (skipped !== undefined) throw new Fault(skipped.code, skipped.sentence)
    const entry = report.entries[0] ?? (await drive.entry(pathOf(upload)))
    return { state: 'done', entry, isUnchanged: report.unchanged > 0 }
  }
}

function start({ path, bytes }: Pick<Upload, 'path' | 'bytes'>, take: Taker, nowMs: number): Upload {
  const stop = new AbortController()
  const parts = createChannel(stop.signal)
  const outcome = take(parts.pieces(), stop.signal)
  const one: Upload = {
    id: randomUUID(),
    path,
    bytes,
    parts,
    stop,
    outcome,
    offset: 0,
    isAdding: false,
    touchedMs: nowMs,
    ended: undefined,
    fault: undefined,
  }
  outcome.catch((error: unknown) => {
    one.fault = asFault(error)
    one.ended = { state: 'failed', sentence: one.fault.message }
  })
  if (bytes === 0) parts.end()
  return one
}

function checkPart({ bytes, offset, isAdding, ended, fault }: Upload, from: number, part: Uint8Array): void {
  if (fault !== undefined) throw fault
  if (ended !== undefined) throw new Fault('conflict.upload', 'This upload is complete already.')
  if (isAdding)
    throw new Fault('busy.upload', 'Another part of this upload is on its way. Send one at a time.')
  if (from !== offset)
    throw new Fault(
      'conflict.offset',
      `The next part of this upload begins at byte ${offset}, not ${from}.`,
      {
        data: { offset },
      },
    )
  if (from + part.length > bytes)
    throw new Fault('invalid.part', `This upload has ${bytes} bytes, and the part goes beyond its end.`)
}

function factsOf({ id, path, bytes, offset, ended }: Upload): UploadFacts {
  return { id, path, bytes, offset, state: 'open', ...ended }
}

function pathOf({ folder, name }: NewUpload): string {
  return `${folder === '/' ? '' : folder}/${name}`
}

function tooSlow(): Fault {
  return new Fault(
    'cancelled.idle',
    'Nothing came for a quarter of an hour, so this upload was given up. Begin it again.',
  )
}

async function* once<T>(value: T): AsyncIterable<T> {
  yield value
}
