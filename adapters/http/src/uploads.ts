import { randomUUID } from 'node:crypto'
import type { Clock } from '@anarq/clock'
import { asFault, Fault } from '@anarq/fault'
import { streamContent } from '@anarq/flows'
import {
  type BackupReport,
  type DriveOperations,
  type EntryFacts,
  type HealthOperations,
  putOne,
  type RestoreReport,
} from '@anarq/kernel'
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
  /** Of a backup that was restored: what came back. */
  readonly restored?: RestoreReport
  /** Why it failed. */
  readonly sentence?: string
}

/** What becomes of the parts: who may send some depends on it. */
export type UploadPurpose = 'file' | 'check' | 'restore'

/**
 * Files that come in parts: a page that was reloaded, or lost its node for a moment, goes on where it was. The flow in runs
 * while the parts come; nothing is visible before the last one.
 */
export type Uploads = {
  begin(upload: NewUpload, drive: DriveOperations): UploadFacts
  /** A backup that comes in parts to be checked: nothing of it is kept. */
  beginCheck(bytes: number): UploadFacts
  /** A backup that comes in parts into an empty home. There is one at a time: another gives the one before up. */
  beginRestore(bytes: number): Promise<UploadFacts>
  /** `missing.upload` where it is for something else. */
  checkPurpose(id: string, purpose: UploadPurpose): void
  list(): readonly UploadFacts[]
  facts(id: string): UploadFacts
  /**
   * Resolves when the part is sealed or on its way there, and with the entry after the last. A part that came early waits for its
   * turn, so that one can be sent while another is sealed; `conflict.offset` says where it should begin.
   */
  add(id: string, offset: number, part: Uint8Array): Promise<UploadFacts>
  /** Memory for a part of this upload, the caller's until `add` has resolved: it is used again for a later one. */
  roomFor(id: string, bytes: number): Uint8Array
  cancel(id: string): Promise<void>
  close(): Promise<void>
}

export const partBytesMax: number = 16 * 1024 * 1024
/** Of one upload at a time: one that is sealed, one that waits, one that comes. */
const partsAtOnceMax = 3
const turnMs = 10_000
const uploadsMax = 64
const idleMs = 15 * 60_000
/** So long the outcome can be asked for. */
const keptMs = 10 * 60_000

/** What becomes of it. */
type Ended = Pick<UploadFacts, 'state' | 'entry' | 'isUnchanged' | 'backup' | 'restored' | 'sentence'>
type Taker = (pieces: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<Ended>

type Upload = Pick<UploadFacts, 'id' | 'path' | 'bytes'> & {
  readonly purpose: UploadPurpose
  readonly parts: Channel
  readonly stop: AbortController
  readonly outcome: Promise<Ended>
  offset: number
  /** Parts that came and are not sealed yet. */
  adding: number
  /** Whoever waits for its turn looks again. */
  readonly turns: Set<() => void>
  /** Memory of parts that were sealed: fresh memory for each would cost more than reading into it. */
  readonly rooms: ArrayBuffer[]
  readonly lent: WeakSet<ArrayBufferLike>
  touchedMs: number
  ended: Ended | undefined
  fault: Fault | undefined
}

export type UploadsOptions = {
  health: Pick<HealthOperations, 'checkBackup' | 'restoreBackup'>
  clock: Clock
}

export function createUploads({ health, clock }: UploadsOptions): Uploads {
  const all = new Map<string, Upload>()

  const dropOld = (): void => {
    const nowMs = clock.nowMs()
    for (const [id, one] of all) {
      const quietMs = nowMs - one.touchedMs
      if (one.ended !== undefined && quietMs > keptMs) all.delete(id)
      else if (one.ended === undefined && one.adding === 0 && quietMs > idleMs) one.stop.abort(tooSlow())
    }
  }
  const timer = setInterval(dropOld, 30_000)
  timer.unref()
  const need = (id: string): Upload => {
    const one = all.get(id)
    if (one !== undefined) return one
    throw new Fault('missing.upload', 'This upload is not known any more. Begin it again.')
  }

  const begin = (about: About, take: Taker): UploadFacts => {
    dropOld()
    const open = [...all.values()].filter(({ ended }) => ended === undefined)
    if (open.length >= uploadsMax)
      throw new Fault('limit.uploads', `At most ${uploadsMax} uploads are open at once. Finish some first.`)
    const one = start(about, take, clock.nowMs())
    all.set(one.id, one)
    return factsOf(one)
  }

  const cancel = async (id: string): Promise<void> => {
    const one = need(id)
    one.stop.abort(new Fault('cancelled.upload', 'This upload was cancelled.'))
    await one.outcome.catch(() => {})
    all.delete(id)
  }

  return {
    begin: (upload, drive) =>
      begin({ purpose: 'file', path: pathOf(upload), bytes: upload.bytes }, intoDrive(drive, upload)),
    beginCheck: (bytes) =>
      begin({ purpose: 'check', path: '', bytes }, async (pieces, signal) => ({
        state: 'done',
        backup: await health.checkBackup(pieces, signal),
      })),
    async beginRestore(bytes) {
      // A page that was reloaded begins anew: what it sent before leads nowhere.
      for (const one of [...all.values()])
        if (one.purpose === 'restore' && one.ended === undefined) await cancel(one.id)
      return begin({ purpose: 'restore', path: '', bytes }, async (pieces, signal) => ({
        state: 'done',
        restored: await health.restoreBackup(pieces, signal),
      }))
    },
    checkPurpose(id, purpose) {
      if (need(id).purpose !== purpose)
        throw new Fault('missing.upload', 'This upload is for something else. Begin it again.')
    },
    list: () => [...all.values()].map(factsOf),
    facts: (id) => factsOf(need(id)),
    async add(id, offset, part) {
      const one = need(id)
      checkPart(one, offset, part)
      one.adding += 1
      try {
        if (offset !== one.offset) await turnOf(one, offset)
        await Promise.race([one.parts.push(part), one.outcome])
        one.offset += part.length
        if (one.offset === one.bytes) {
          one.parts.end()
          one.ended ??= await one.outcome
        }
        return factsOf(one)
      } finally {
        one.adding -= 1
        one.touchedMs = clock.nowMs()
        if (one.ended !== undefined) one.rooms.length = 0
        else if (one.lent.delete(part.buffer)) one.rooms.push(part.buffer as ArrayBuffer)
        for (const look of one.turns) look()
      }
    },
    roomFor(id, bytes) {
      const { rooms, lent } = need(id)
      const at = rooms.findIndex((room) => room.byteLength >= bytes)
      const [room = new ArrayBuffer(bytes)] = at < 0 ? [] : rooms.splice(at, 1)
      lent.add(room)
      return new Uint8Array(room, 0, bytes)
    },
    cancel,
    async close() {
      clearInterval(timer)
      for (const one of all.values()) one.stop.abort(new Fault('cancelled.closed', 'The node is stopping.'))
      await Promise.allSettled([...all.values()].map(({ outcome }) => outcome))
    },
  }
}

function intoDrive(drive: DriveOperations, upload: NewUpload): Taker {
  const { bytes, modifiedMs, type, tags } = upload
  return async (pieces, signal) => {
    const content = streamContent(pieces)
    const file = { bytes, modifiedMs, content, ...(type === undefined || type === '' ? {} : { type }) }
    const report = await putOne(drive, pathOf(upload), file, { tags, signal })
    const entry = report.entries[0] ?? (await drive.entry(pathOf(upload)))
    return { state: 'done', entry, isUnchanged: report.unchanged > 0 }
  }
}

type About = Pick<Upload, 'purpose' | 'path' | 'bytes'>

function start({ purpose, path, bytes }: About, take: Taker, nowMs: number): Upload {
  const stop = new AbortController()
  const parts = createChannel(stop.signal)
  const outcome = take(parts.pieces(), stop.signal)
  const one: Upload = {
    id: randomUUID(),
    purpose,
    path,
    bytes,
    parts,
    stop,
    outcome,
    offset: 0,
    adding: 0,
    turns: new Set(),
    rooms: [],
    lent: new WeakSet(),
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

function checkPart({ bytes, offset, adding, ended, fault }: Upload, from: number, part: Uint8Array): void {
  if (fault !== undefined) throw fault
  if (ended !== undefined) throw new Fault('conflict.upload', 'This upload is complete already.')
  if (adding >= partsAtOnceMax)
    throw new Fault(
      'busy.upload',
      `${partsAtOnceMax} parts of this upload are on their way. Wait for one of them.`,
    )
  const isInReach = from >= offset && from <= offset + (partsAtOnceMax - 1) * partBytesMax
  if (!isInReach) throw wrongOffset(offset, from)
  if (from + part.length > bytes)
    throw new Fault('invalid.part', `This upload has ${bytes} bytes, and the part goes beyond its end.`)
}

/** Waits until all that stands before this part was taken. What was sent first may come second, or never. */
async function turnOf(one: Upload, from: number): Promise<void> {
  for (const late = AbortSignal.timeout(turnMs); from !== one.offset; ) {
    if (one.fault !== undefined) throw one.fault
    if (one.offset > from || late.aborted) throw wrongOffset(one.offset, from)
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => resolve()
    one.turns.add(look)
    late.addEventListener('abort', look, { once: true })
    await promise
    one.turns.delete(look)
  }
}

function wrongOffset(offset: number, from: number): Fault {
  const sentence = `The next part of this upload begins at byte ${offset}, not ${from}.`
  return new Fault('conflict.offset', sentence, { data: { offset } })
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
